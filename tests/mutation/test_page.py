"""A page has the same tables in both of its forms, whatever stands in the cells."""

from verify.report import Page, Section, write

ODD = Section("Odd", ("a < b",), ("name", "what"), (("x|y", "<b>\n2"),))


def test_markdown_keeps_a_row_on_a_line():
    text = Page("Title", ("Below.",), (ODD,)).markdown()
    assert "# Title\n\nBelow.\n" in text
    assert "| name | what |\n| --- | --- |\n| x\\|y | <b> 2 |\n" in text


def test_html_escapes_and_needs_nothing_beside_it():
    text = Page("Title", (), (ODD,)).html()
    assert "<td>&lt;b&gt;" in text
    assert "a &lt; b" in text
    assert "src=" not in text
    assert "href=" not in text


def test_a_large_table_is_only_in_html():
    large = Section("All", (), ("n",), (("12345",),), large=True)
    page = Page("Title", (), (large,))
    assert "12345" not in page.markdown()
    assert "1 rows" in page.markdown()
    assert "12345" in page.html()


def test_both_forms_are_written(tmp_path):
    paths = write(Page("Title"), tmp_path / "new", "mutation")
    assert [p.name for p in paths] == ["mutation.md", "mutation.html"]
    assert sorted((tmp_path / "new").iterdir()) == sorted(paths)
