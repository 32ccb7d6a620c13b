"""The tree keeps the house's numbers: short files, short functions, reasons beside exceptions."""

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = [path for room in ("server", "tools") for path in (ROOT / room).rglob("*.py")]
EVERYTHING = [
    *PRODUCT,
    *(p for room in ("tests", "scripts", "benchmarks") for p in (ROOT / room).rglob("*.py")),
]

# An exception, whichever checker it silences, and what follows it on its line.
EXCEPTION = re.compile(r"#\s*(?:noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\]|pyright: ignore\[\w+\])(.*)$")
BARE_EXCEPTION = re.compile(r"#\s*(?:noqa(?!:)|type: ignore(?!\[)|pyright: ignore(?!\[))")


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function's name and length in lines, its docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = node.body[0] if ast.get_docstring(node) else None
            said = (documented.end_lineno or 0) - documented.lineno + 1 if documented else 0
            yield f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or 0) - node.lineno + 1 - said


def test_no_file_is_longer_than_400_lines_and_the_usual_one_is_short() -> None:
    assert {str(path.relative_to(ROOT)): lines(path) for path in EVERYTHING if lines(path) > 400} == {}
    assert statistics.median(map(lines, PRODUCT)) <= 150


def test_no_function_is_longer_than_50_lines_and_the_usual_one_does_one_thing() -> None:
    lengths = dict(pair for path in PRODUCT for pair in functions(path))

    assert {name: length for name, length in lengths.items() if length > 50} == {}
    assert statistics.median(lengths.values()) <= 12


def test_every_exception_to_a_check_names_the_rule_and_its_reason() -> None:
    silent: list[str] = []
    for path in EVERYTHING:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = EXCEPTION.search(line)
            if BARE_EXCEPTION.search(line) or (found and len(found.group(1).strip(" -#")) < 5):
                silent.append(f"{path.relative_to(ROOT)}:{number}")

    assert silent == []


def public_definitions(body: list[ast.stmt], place: str) -> Iterator[tuple[str, str | None]]:
    """Every public function and class, methods included, with its docstring; what stands inside functions is not public."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name[0] != "_":
            yield f"{place}:{node.name}", ast.get_docstring(node)
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{place}:{node.name}")


def test_every_public_name_of_the_product_has_a_docstring() -> None:
    definitions = [
        pair
        for path in PRODUCT
        for pair in public_definitions(
            ast.parse(path.read_text(encoding="utf-8")).body, str(path.relative_to(ROOT))
        )
    ]

    assert len(definitions) > 300
    assert [name for name, docstring in definitions if not docstring] == []
