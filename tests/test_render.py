"""Rows to text: kubectl's layout, Go's numbers, and nothing of the cluster's that a terminal or a sheet would run."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest
import yaml

from kubectl_inventory.output.render import (
    cell_text,
    csv_lines,
    escaped,
    json_line,
    json_text,
    markdown,
    one_line,
    server_table,
    table,
    yaml_text,
)
from kubectl_inventory.wire import Cell

HOSTILE = "a\x1b[2J\x07\x9b\u202eb\u2066\u2028"
SPELLED = r"a^[[2J\x07\x9b\u202eb\u2066\u2028"


def drawn(headers: Sequence[str], *rows: Sequence[str], layout: str = "table", show_headers: bool = True) -> list[str]:
    lines = {"table": table, "server": server_table}[layout](headers, list(rows), show_headers=show_headers)
    return "".join(lines).split("\n")


# --- cells ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("Running", "Running"),
        ("", ""),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-7, "-7"),
        (12_345_678_901, "12345678901"),
        # Go 1.26: fmt.Sprint(x) of each.
        (0.0, "0"),
        (-0.0, "-0"),
        (5.0, "5"),
        (0.5, "0.5"),
        (-2.25, "-2.25"),
        (100.0, "100"),
        (100000.0, "100000"),
        (999999.0, "999999"),
        (1000000.0, "1e+06"),
        (1234567.5, "1.2345675e+06"),
        (123456.789, "123456.789"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (0.0001, "0.0001"),
        (0.00012, "0.00012"),
        (0.00001, "1e-05"),
        (1.25e-7, "1.25e-07"),
        (0.1 + 0.2, "0.30000000000000004"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
        (["x", "y"], "[x y]"),
        ([], "[]"),
        ({"l": 2, "k": 1}, "map[k:1 l:2]"),
        ({}, "map[]"),
        ({"b": [True, None], "a": 1e6}, "map[a:1e+06 b:[true <nil>]]"),
    ],
)
def test_a_cell_is_written_as_go_writes_it(cell: Cell, text: str) -> None:
    assert cell_text(cell) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one", "one"),
        ("one\ntwo", "one..."),
        ("one\rtwo", "one..."),
        ("one\r\ntwo", "one..."),
        ("one\n", "one..."),
        ("\none", "..."),
        ("one\x0ctwo", "one..."),
        ("a\tb", r"a\x09b"),
        ("\x1b[31mred\x1b[0m", "^[[31mred^[[0m"),
        ("bell\x07", r"bell\x07"),
        ("del\x7f", r"del\x7f"),
        ("csi\x9b2J", r"csi\x9b2J"),
        ("osc\x9d0;x\x9c", r"osc\x9d0;x\x9c"),
        ("nul\x00", r"nul\x00"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("\u2066x\u2069", r"\u2066x\u2069"),
        ("\u200e\u200f\u061c", r"\u200e\u200f\u061c"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("h\u00e9llo w\u00f6rld \u4e16\u754c", "h\u00e9llo w\u00f6rld \u4e16\u754c"),
        ("no\u00a0break", "no\u00a0break"),
        ("\U0001f600", "\U0001f600"),
    ],
)
def test_a_table_cell_is_one_line_that_moves_no_terminal(text: str, line: str) -> None:
    assert one_line(text) == line


def test_every_control_character_is_spelled() -> None:
    codes = [*range(0x20), *range(0x7F, 0xA0), 0x61C, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029]
    for code in codes:
        assert escaped(f"a{chr(code)}b").isprintable(), hex(code)


# --- kubectl's table --------------------------------------------------------


@pytest.mark.parametrize("layout", ["table", "server"])
def test_columns_are_three_apart_and_the_last_is_not_padded(layout: str) -> None:
    assert drawn(("NAME", "STATUS", "AGE"), ("web-0", "Running", "5m"), ("d", "-", "212d"), layout=layout) == [
        "NAME    STATUS    AGE",
        "web-0   Running   5m",
        "d       -         212d",
        "",
    ]


@pytest.mark.parametrize("layout", ["table", "server"])
def test_a_column_is_six_wide_at_least(layout: str) -> None:
    assert drawn(("A", "B"), ("x", "y"), layout=layout) == ["A     B", "x     y", ""]


@pytest.mark.parametrize("layout", ["table", "server"])
def test_empty_cells_leave_blanks(layout: str) -> None:
    assert drawn(("NAME", "READY", "AGE"), ("web", "", ""), layout=layout)[1] == "web    " + " " * 8


@pytest.mark.parametrize("layout", ["table", "server"])
def test_without_headers_the_rows_alone_make_the_widths(layout: str) -> None:
    assert drawn(("LONGHEADER", "B"), ("xxxx", "y"), layout=layout, show_headers=False) == ["xxxx   y", ""]


@pytest.mark.parametrize("layout", ["table", "server"])
def test_one_column_is_a_list(layout: str) -> None:
    assert drawn(("NAME",), ("a",), ("bb",), layout=layout) == ["NAME", "a", "bb", ""]


@pytest.mark.parametrize("layout", ["table", "server"])
def test_a_kind_without_columns_is_blank_lines(layout: str) -> None:
    assert drawn((), (), layout=layout) == ["", "", ""]


def test_nothing_at_all_is_no_line() -> None:
    assert drawn(("NAME",), show_headers=False) == [""]
    assert drawn(("NAME",)) == ["NAME", ""]


def test_width_is_in_code_points() -> None:
    assert drawn(("NAME", "B"), ("\u4e16\u754c\u4e16\u754c\u4e16", "y"), ("abcde", "z")) == [
        "NAME    B",
        "\u4e16\u754c\u4e16\u754c\u4e16   y",
        "abcde   z",
        "",
    ]


@pytest.mark.parametrize("layout", ["table", "server"])
def test_what_a_cell_or_a_header_hides_is_spelled_and_counted_in_its_width(layout: str) -> None:
    lines = drawn(("NA\x1bME", "B"), ("x\x07", "y"), ("a{}b", "c{0}"), layout=layout)
    assert lines == ["NA^[ME   B", "x\\x07    y", "a{}b     c{0}", ""]


def test_kubectl_widens_a_column_from_the_block_that_needs_it() -> None:
    rows = [(f"p{number}", "x") for number in range(499)] + [("p" * 30, "x"), ("q" * 40, "x")]
    lines = drawn(("NAME", "B"), *rows, layout="server")
    assert {line.index(" x") for line in lines[1:501] if not line.startswith("ppp")} == {32}
    assert lines[501] == "q" * 40 + "   x"


# --- csv --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("web", "web"),
        ("a,b", '"a,b"'),
        ('say "hi"', '"say ""hi"""'),
        ("", '""'),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", r"'\x09=1"),
        ("\r=1", r"'\x0d=1"),
        ("=\x1b[2J", "'=^[[2J"),
        ("two\nlines", r"two\x0alines"),
        (HOSTILE, SPELLED),
        ("a=b", "a=b"),
    ],
)
def test_a_csv_cell_is_nothing_that_a_spreadsheet_or_a_terminal_runs(cell: str, text: str) -> None:
    assert list(csv_lines([(cell,)])) == [f"{text}\n"]


def test_csv_lines_come_one_by_one() -> None:
    assert list(csv_lines(iter([("a", "b"), ("1", "")]))) == ["a,b\n", "1,\n"]


# --- markdown ---------------------------------------------------------------


def test_markdown_is_a_github_table() -> None:
    assert markdown(("A", "LONG NAME"), [("x", "y"), ("longer", "-")]) == (
        "| A | LONG NAME |\n| --- | --- |\n| x | y |\n| longer | - |\n"
    )


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("a|b", r"a\|b"),
        ("a\\|b", r"a\\\|b"),
        ("<none>", r"\<none>"),
        ("<img src=x onerror=alert(1)>", r"\<img src=x onerror=alert(1)>"),
        ("two\nlines", "two..."),
        ("\x1b[1m", r"^\[\[1m"),
        ("---", "---"),
        ("*.a.com", r"\*.a.com"),
        ("my_name_x", r"my\_name\_x"),
        ("[a](b) `c` &lt;", r"\[a\](b) \`c\` \&lt;"),
        ("1e5", "1e5"),
        ("007", "007"),
    ],
)
def test_a_markdown_cell_is_shown_as_it_is(cell: str, text: str) -> None:
    assert markdown(("A", "B"), [(cell, "x")]).splitlines()[2] == f"| {text} | x |"


def test_a_markdown_header_is_shown_as_it_is() -> None:
    assert markdown(("A|B",), []).splitlines()[0] == r"| A\|B |"


# --- json and yaml ----------------------------------------------------------

DOCUMENT = {"name": HOSTILE, "items": [], "nested": {"n": 1.5, "none": None, "two": "a\nb"}}


@pytest.mark.parametrize("write", [json_text, json_line, yaml_text])
def test_a_document_is_itself_again_and_holds_no_control_character(write: Callable[[object], str]) -> None:
    text = write(DOCUMENT)
    assert (yaml.safe_load(text) if write is yaml_text else json.loads(text)) == DOCUMENT
    assert all(line.isprintable() for line in text.split("\n"))
    assert text.endswith("\n")


def test_json_is_indented_by_four_and_a_line_is_one_line() -> None:
    assert json_text({"a": [1]}) == '{\n    "a": [\n        1\n    ]\n}\n'
    assert json_line({"a": [1], "b": "x\ny"}) == '{"a":[1],"b":"x\\ny"}\n'


def test_yaml_keeps_the_order_of_keys_and_does_not_fold() -> None:
    assert yaml_text({"z": "x " * 200 + "x", "a": 1}) == f"z: {'x ' * 200}x\na: 1\n"
