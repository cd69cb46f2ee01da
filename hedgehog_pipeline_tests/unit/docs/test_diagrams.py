"""The diagrams show every declared table, column, key and reference."""

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, fromstring, parse

import pytest

from hedgehog_pipeline.model.tables import Fact, SourceTable, StarTable
from hedgehog_pipeline_tests.support.demo_model import SOURCE, STAR
from hedgehog_pipeline_tests.support.diagrams.cards import Card, Row
from hedgehog_pipeline_tests.support.diagrams.svg import draw
from hedgehog_pipeline_tests.support.repository import REPOSITORY

_SVG = {"svg": "http://www.w3.org/2000/svg"}
_Tables = Mapping[str, SourceTable | StarTable]

_DIAGRAMS: dict[str, _Tables] = {"source.svg": SOURCE, "star.svg": STAR}
_each_diagram = pytest.mark.parametrize("name", _DIAGRAMS)


@_each_diagram
def test_a_card_has_every_column_of_its_table_and_marks_its_keys(name: str) -> None:
    tables, shown = _DIAGRAMS[name], _shown(_read(name))
    assert {*shown} == {*tables}
    for table in tables.values():
        columns = {column.name: ["FK"] * bool(column.references) for column in table.columns}
        if isinstance(table, Fact):
            columns = {table.serial: [], **columns}
        columns[_key(table)].insert(0, "PK")
        assert list(columns.items()) == [(c, [*marks]) for c, marks in shown[table.name].items()]


@_each_diagram
def test_a_line_leads_from_every_reference_to_its_key(name: str) -> None:
    tables = _DIAGRAMS[name]
    assert sorted(_lines(_read(name))) == sorted(
        (f"{table.name}.{column.name}", f"{column.references}.{_key(tables[column.references])}")
        for table in tables.values()
        for column in table.columns
        if column.references
    )


@_each_diagram
def test_a_key_has_a_colour_of_its_own_which_its_references_share(name: str) -> None:
    picture = _read(name)
    marks = {f"{t}.{c}": marks for t, row in _shown(picture).items() for c, marks in row.items()}
    lines = _lines(picture)
    assert all(marks[column]["FK"] == marks[key]["PK"] for column, key in lines)
    keys = {key for _, key in lines}
    assert len({marks[key]["PK"] for key in keys}) == len(keys)


@_each_diagram
def test_no_line_crosses_a_card(name: str) -> None:
    _assert_no_line_crosses_a_card(_read(name))


def test_a_table_may_refer_to_itself_and_by_its_key() -> None:
    person = Row("person_id", "integer", key=True)
    boss = Row("boss_id", "integer", references="person")
    driver = Row("person_id", "integer", key=True, references="person")
    cards = [Card("person", "source", (person, boss)), Card("driver", "source", (driver,))]
    picture = fromstring(draw("People", cards))
    assert [*_shown(picture)["driver"]["person_id"]] == ["PK", "FK"]
    key = "person.person_id"
    assert sorted(_lines(picture)) == [("driver.person_id", key), ("person.boss_id", key)]
    _assert_no_line_crosses_a_card(picture)


def _read(name: str) -> Element:
    return parse(REPOSITORY / "docs" / name).getroot()


def _key(table: SourceTable | StarTable) -> str:
    return table.serial if isinstance(table, Fact) else table.columns[0].name


def _shown(picture: Element) -> dict[str, dict[str, dict[str, str]]]:
    """Return the marks of each column of each table, with their colours."""
    return {
        card.attrib["id"]: {
            row.findtext("svg:text[@class='name']", "", _SVG): {
                str(mark.text): chip.attrib["class"]
                for chip, mark in zip(
                    row.findall("svg:rect", _SVG),
                    row.findall("svg:text[@class='mark']", _SVG),
                    strict=True,
                )
            }
            for row in card.findall("svg:g[@class='row']", _SVG)
        }
        for card in picture.findall(".//svg:g[@id]", _SVG)
    }


def _lines(picture: Element) -> list[tuple[str, ...]]:
    titles = picture.findall(".//svg:path[@class='line']/svg:title", _SVG)
    return [tuple(str(title.text).split(" → ")) for title in titles]


def _assert_no_line_crosses_a_card(picture: Element) -> None:
    """Compare what is left and right: cards stand in columns, and lines run between those."""
    cards = picture.findall(".//svg:g[@id]", _SVG)
    edges = [(_x(card), _x(card) + int(card[0].attrib["width"])) for card in cards]
    for gutter in picture.findall("svg:g[2]/svg:g", _SVG):
        for line in gutter.findall(".//svg:path[@class='line']", _SVG):
            for x in re.findall(r"[MHQ]([\d.-]+)", line.attrib["d"]):
                assert not any(left < _x(gutter) + float(x) < right for left, right in edges)


def _x(group: Element) -> int:
    return int(group.attrib["transform"].removeprefix("translate(").split()[0])
