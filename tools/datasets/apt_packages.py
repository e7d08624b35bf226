"""Names and descriptions of all packages that apt knows of. Needs Debian or a kin of it, nothing but Python's library.

`apt-cache dumpavail` prints one paragraph a package in the form of RFC 822: names, sections and one-line synopses. The long
descriptions stand in the Translation-en index, tied to a package by Description-md5. Container images often switch
that index off; lists in a folder of your own have it, need no root, and leave the system's as they are (README.md).
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    name: str
    section: str
    synopsis: str
    description: str
    """The long description in one line, without the full stops that separate its paragraphs."""

    @property
    def text(self) -> str:
        """What is embedded for a package in the base."""
        return f"{self.name}: {self.synopsis}. {self.description}"


def apt_options(apt: Path | None) -> list[str]:
    """Options that make apt keep its lists in a folder of your own; none for the system's."""
    if apt is None:
        return []
    folder = apt.resolve()
    settings = {"Dir::State::lists": folder / "lists", "Dir::Cache": folder / "cache", "Acquire::Languages": "en"}
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def update(apt: Path) -> None:
    """Fills a folder of your own with the lists of the system's sources."""
    (apt / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (apt / "cache").mkdir(exist_ok=True)
    # As root apt would fetch as another user, who can't write there; for others the setting changes nothing.
    subprocess.run(["apt-get", *apt_options(apt), "-o", "APT::Sandbox::User=root", "update"], check=True)


def read_packages(apt: Path | None = None) -> dict[str, Package]:
    """By name; of a package with several versions the first that apt prints."""
    options = apt_options(apt)
    descriptions = dict(_descriptions(options))
    packages: dict[str, Package] = {}
    for fields in paragraphs(_output("apt-cache", *options, "dumpavail")):
        name = fields.get("Package")
        description = descriptions.get(fields.get("Description-md5", ""))
        if name is None or description is None or name in packages:
            continue
        synopsis, _, rest = description.partition("\n")
        packages[name] = Package(name, fields.get("Section", ""), synopsis, one_line(rest))
    if not packages:
        raise SystemExit("apt knows no English descriptions: give a folder with --apt and --update (see README.md)")
    return packages


def paragraphs(text: str) -> Iterator[dict[str, str]]:
    """The fields of each paragraph; the lines of a field that goes on keep their leading white space."""
    for block in re.split(r"\n{2,}", text):
        fields: dict[str, str] = {}
        name = None
        for line in block.split("\n"):
            if line[:1] in (" ", "\t") and name is not None:
                fields[name] += "\n" + line
            elif ":" in line:
                name, value = line.split(":", 1)
                fields[name] = value.strip()
        if fields:
            yield fields


def one_line(description: str) -> str:
    without_breaks = re.sub(r"^ \.$", "", description, flags=re.MULTILINE)
    return " ".join(without_breaks.split())


def _descriptions(options: list[str]) -> Iterator[tuple[str, str]]:
    listed = _output("apt-get", *options, "indextargets", "--format", "$(FILENAME)", "Identifier: Translations")
    for file in listed.split():
        # Lists may be kept compressed; apt's own reader takes every form.
        for fields in paragraphs(_output("/usr/lib/apt/apt-helper", "cat-file", file)):
            if "Description-md5" in fields and "Description-en" in fields:
                yield fields["Description-md5"], fields["Description-en"]


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout
