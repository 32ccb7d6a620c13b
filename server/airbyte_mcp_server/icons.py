"""The one icon, inside the message itself: a client that shows it asks nobody for it.

Resources and prompts carry it. Tools do not, because every model pays for their
list; nor does the server's own name, which goes along with every answer.
"""

import base64

from mcp_types import Icon

_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#615EFF"'
    ' stroke-width="2" stroke-linecap="round"><path d="M4 8h11l-3-3M20 16H9l3 3"/></svg>'
)

ICON = Icon(
    src="data:image/svg+xml;base64," + base64.b64encode(_SVG.encode()).decode(),
    mime_type="image/svg+xml",
    sizes=["any"],
)
