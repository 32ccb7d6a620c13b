// Posts the key that the address holds after its "#", which a browser sends nowhere by itself, and forgets it.
"use strict";

const form = document.getElementById("open");
const key = location.hash.slice(1);
if (key) {
  history.replaceState(null, "", "/");
  form.elements.namedItem("secret").value = key;
  form.submit();
} else {
  document.getElementById("without").hidden = false;
}
