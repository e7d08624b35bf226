"""Tests of the apt parser: python3 -m unittest discover -s tools/datasets/test"""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from apt_packages import Package, apt_options, one_line, paragraphs  # noqa: E402

INDEX = """\
Package: alpha
Section: games
Description: first of all
Description-md5: 00

Package: beta
Tag: game::puzzle, role::program,
 uitoolkit::qt
Homepage: https://example.org/a:b
"""


class Paragraphs(unittest.TestCase):
    def test_fields_go_on_over_lines_and_keep_colons(self):
        alpha, beta = paragraphs(INDEX)
        self.assertEqual(alpha["Package"], "alpha")
        self.assertEqual(alpha["Description-md5"], "00")
        self.assertEqual(beta["Tag"], "game::puzzle, role::program,\n uitoolkit::qt")
        self.assertEqual(beta["Homepage"], "https://example.org/a:b")

    def test_blank_lines_in_numbers_make_no_paragraph(self):
        self.assertEqual(list(paragraphs("\n\n\nPackage: a\n\n\n")), [{"Package": "a"}])


class Text(unittest.TestCase):
    def test_a_description_becomes_one_line_without_its_paragraph_marks(self):
        self.assertEqual(one_line(" First line\n goes on.\n .\n  * item .\n"), "First line goes on. * item .")

    def test_a_document_is_name_synopsis_description(self):
        package = Package("alpha", "games", "first of all", "It is a game.")
        self.assertEqual(package.text, "alpha: first of all. It is a game.")


class Options(unittest.TestCase):
    def test_the_system_lists_need_none(self):
        self.assertEqual(apt_options(None), [])

    def test_a_folder_of_ones_own_holds_lists_and_cache(self):
        options = apt_options(Path("/somewhere"))
        self.assertIn("Dir::State::lists=/somewhere/lists", options)
        self.assertIn("Dir::Cache=/somewhere/cache", options)
        self.assertIn("Acquire::Languages=en", options)


if __name__ == "__main__":
    unittest.main()
