"""What is read of a file that a user names: regular files of a size that is said, in UTF-8, with or without a byte order mark."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import chains
from chains import InvalidInput
from chains.text_file import NotText, decoded, regular_bytes
from tests.chains.test_bad_inputs import keys

ROWS = "0 0\n1 1\n2 .5\n3 0\n"
MADE: dict[str, Callable[[Path], object]] = {
    "Is a directory": Path.mkdir,
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "No such device": lambda path: socket.socket(socket.AF_UNIX).bind(str(path)),  # nobody can open a socket
}


@pytest.mark.parametrize("kind", MADE)
def test_what_is_no_regular_file_is_refused_without_reading_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A pipe hung, /dev/zero filled the memory."""
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    path = Path("J.csv")
    MADE[kind](path)
    with pytest.raises(InvalidInput, match=f"a regular one in UTF-8, of at most 64 MiB.*{kind}"):
        chains.Table.from_file(path)


def test_a_file_is_read_up_to_its_limit_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    (tmp_path / "link").symlink_to(path)
    assert regular_bytes(tmp_path / "link", largest=5) == b"12345"
    with pytest.raises(OSError, match="larger than"):
        regular_bytes(path, largest=4)
    os.truncate(path, 2**40)  # a hole: nothing of it is on the disk
    with pytest.raises(InvalidInput, match="larger than 64 MiB"):
        chains.Table.from_file(path)
    with pytest.raises(OSError, match="larger than"):  # one whose size is 0 as long as nobody reads it
        regular_bytes("/proc/cpuinfo", largest=4)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ("0 0\n".encode("utf-16"), "UTF-16 by its byte order mark"),
        ("0 0\n".encode("utf-16-be"), "line 1, column 1, a zero byte"),
        ("0 0\n".encode("utf-32"), "UTF-32 by its byte order mark"),
        ("0 0\n\xe4".encode("latin-1"), "line 2, column 1"),
        (b"0 0\n1 \x00", "line 2, column 3, a zero byte"),
    ],
)
def test_another_encoding_is_named(tmp_path: Path, data: bytes, where: str) -> None:
    with pytest.raises(NotText) as caught:
        decoded(data)
    assert caught.value.where == where
    path = tmp_path / "J.csv"
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match=f"{where}.*save it as UTF-8"):
        chains.Table.from_file(path)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "J.csv"
    path.write_text(ROWS, encoding="utf-8-sig")
    assert chains.Table.from_file(path).frequencies[-1] == 3.0
    path.write_text("\ufeff" + ROWS, encoding="utf-8-sig")  # a second one is
    assert "J.csv: line 1" in keys(lambda: chains.Table.from_file(path))


@pytest.mark.parametrize("row", ["\uff11 \uff12", "1_0 2", "\u0661 \u0662", "1GHz 2GHz", "+x .y"])
def test_a_first_row_that_is_no_number_is_no_heading_unless_it_is_names(tmp_path: Path, row: str) -> None:
    """float() takes the digits of other scripts and underscores; what it does not take was a heading, whatever it was."""
    path = tmp_path / "J.csv"
    path.write_text(f"{row}\n{ROWS}", encoding="utf-8")
    assert keys(lambda: chains.Table.from_file(path)) == {"J.csv: line 1"}
    path.write_text(f"omega (J)\n{ROWS}", encoding="utf-8")
    assert chains.Table.from_file(path).frequencies[0] == 0.0


@pytest.mark.parametrize("name", ["a\0b", 3, None, True, ["a"]])
def test_names_that_are_none(name: object) -> None:
    assert keys(lambda: chains.Table.from_file(name)) == {"file"}  # type: ignore[arg-type]
