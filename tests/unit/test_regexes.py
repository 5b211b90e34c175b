"""No regular expression of the package takes more than linear time: texts made of its own pieces are given to each."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

import vats1c
from tests.support.growth import is_linear

ROOT = Path(vats1c.__file__).parent
METHODS = frozenset({"search", "match", "fullmatch", "findall", "finditer", "sub", "split"})
# What any expression is given: brackets, a letter, a digit and spaces.
PIECES = ("(", "a", "1", " ", "\u00a0", "<")
MAX_PIECES = 16
MAX_PIECE_CHARS = 12


class Use(NamedTuple):
    """A regular expression where it stands in the source, and the methods it is called by."""

    place: str
    pattern: re.Pattern
    methods: frozenset[str]


def uses() -> Iterator[Use]:
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
        called = {(ast.unparse(call.func.value), call.func.attr) for call in calls if call.func.attr in METHODS}
        names = names_of_calls(tree)
        for call in calls:
            if ast.unparse(call.func.value) == "re" and call.func.attr in METHODS | {"compile"}:
                methods = {call.func.attr} & METHODS
                methods = methods or {method for name, method in called if name == names.get(call)}
                # An expression that is passed on, or stands in a dictionary, may be called by any of the module's.
                methods = methods or {method for _, method in called}
                yield Use(f"{path.relative_to(ROOT)}:{call.lineno}", compiled(call), frozenset(methods))


def names_of_calls(tree: ast.Module) -> dict[ast.AST, str]:
    """Return the module's own name of each call whose result is given one."""
    return {
        statement.value: ast.unparse(statement.targets[0])
        for statement in tree.body
        if isinstance(statement, ast.Assign)
    }


def compiled(call: ast.Call) -> re.Pattern:
    text = ast.literal_eval(WithoutValues().visit(ast.parse(ast.unparse(call.args[0]), mode="eval")).body)
    flags = ast.unparse(call.args[1]) if call.func.attr == "compile" and len(call.args) > 1 else "re.NOFLAG"
    return re.compile(text, getattr(re, flags.removeprefix("re.")))


class WithoutValues(ast.NodeTransformer):
    """Put a character in the place of each value of an f-string."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Constant:
        return ast.Constant("".join(part.value if isinstance(part, ast.Constant) else ";" for part in node.values))


def pieces_of(pattern: re.Pattern) -> list[str]:
    """Return the words and the characters that stand in `pattern`, among others."""
    text = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    words = re.findall(r"\w[\w:=-]+|[<\[({;][\w:!?-]*", re.sub(r"\\(?:[a-zA-Z]|(.))", r"\1", text))
    marks = [mark for mark in re.findall(r"[^\w\\]", text) if mark not in "?*+|^$"]
    return list(dict.fromkeys([*PIECES, *(word[:MAX_PIECE_CHARS] for word in words), *marks]))[:MAX_PIECES]


def texts_of(pattern: re.Pattern) -> Iterator[tuple[str, str, str]]:
    """Yield how a long text begins, what is repeated in it, and how it ends."""
    pieces = pieces_of(pattern)
    yield from product(["", *pieces], pieces, ["!"])
    yield from product([""], (one + other for one, other in product(pieces, pieces) if one != other), ["!"])


def is_linear_over(pattern: re.Pattern, method: str, beginning: str, repeated: str, end: str) -> bool:
    def work(size: int) -> None:
        text = beginning + repeated * (size // len(repeated)) + end
        given = text.encode() if isinstance(pattern.pattern, bytes) else text
        if method == "sub":
            pattern.sub(given[:0], given)
        elif method == "finditer":
            list(pattern.finditer(given))
        else:
            getattr(pattern, method)(given)

    return is_linear(work)


def slow_texts(pattern: re.Pattern, methods: frozenset[str]) -> list[tuple[str, ...]]:
    slow = (
        (method, *text)
        for method, text in product(sorted(methods), texts_of(pattern))
        if not is_linear_over(pattern, method, *text)
    )
    return [first for first in [next(slow, None)] if first]


ALL = list(uses())


def test_every_call_of_the_package_that_takes_a_regular_expression_is_found():
    places = [
        place for path in ROOT.rglob("*.py") for place in re.findall(r"\bre\.[a-z]+\(r?b?f?r?[\"']", path.read_text())
    ]

    assert len(ALL) >= len(places) > 0
    assert all(use.methods for use in ALL)


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"\([^()\d]*[^\W\d_][^()]*\)", "sub"),
        (r"\[[^\]]*\]", "search"),
        (r"\s+;", "search"),
        (r"<return[^>]*?>(.*?)</return>", "findall"),
        (r"(?:a+)+!!", "match"),
        (r"(?:\w+,?)*;", "fullmatch"),
    ],
)
def test_a_regular_expression_that_backtracks_is_noticed(pattern, method):
    assert slow_texts(re.compile(pattern), frozenset({method})) != []


@pytest.mark.parametrize("use", ALL, ids=[use.place for use in ALL])
def test_a_regular_expression_takes_linear_time(use):
    assert slow_texts(use.pattern, use.methods) == []
