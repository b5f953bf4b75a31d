"""Files: of rows that a run is to go on with, of text, and of weights; what is said of each."""

import json

_ROW = {"key": "a", "failure": None, "aopc": 0.5}

# what a file of rows holds
ROWS: list[bytes] = [
    b"text\n",
    b"[]\n",
    b"null\n",
    b"3\n",
    b"{}\n",
    b'{"key": 3, "failure": null}\n',
    b'{"key": "a"}\n',
    b'{"key": "a", "failure": 3}\n',
    b'{"key": "a", "failure": ["x"]}\n',
    json.dumps(_ROW | {"aopc": "high"}).encode() + b"\n",
    json.dumps(_ROW | {"aopc": [1]}).encode() + b"\n",
    json.dumps(_ROW | {"seconds": {"a": 1}}).encode() + b"\n",
    b'{"key": "a", "failure": null' + b"\n",  # torn, with more behind it
    b"method,text,aopc\nAF,0,0.5\n",
    b'{"format": "gaf-explanation", "format_version": 1}\n',
    b"[" * 100_000 + b"\n",
    b'{"key": "a", "failure": null, "aopc": ' + b"9" * 5000 + b"}\n",
]
UNREADABLE: list[bytes] = [
    b"\xff\xfe\0\0x",
    b"\x80\x04\x95",
    b'{"key": "\xe9"}\n',
    b"PK\x03\x04\xff",
]

# what standard input holds, and what is said
TEXTS: list[tuple[bytes, str]] = [
    (b"", "text is empty"),
    (b" \r\n", "text is empty"),
    (b"\xef\xbb\xbf", "text is empty"),
    (b"caf\xe9", "is not UTF-8: the byte 0xE9 at position 3, in line 1"),
    (b"one\ntwo \xff", "in line 2"),
    (b"\x80abc", "0x80 at position 0"),
    (b"\xc3", "is not UTF-8"),
    (b"\xed\xa0\x80", "is not UTF-8"),  # half of a pair of surrogates
    (b"\xf5\x80\x80\x80", "is not UTF-8"),
    (b"a\0b", "null bytes, the first at position 1"),
    ("A film.".encode("utf-16-le"), "UTF-16 without a byte order mark"),
    (b"\xff\xfeA", "is not UTF-16"),
    (b"\xff\xfe\0\0A\0\0", "is not UTF-32"),
    (b"PK\x03\x04\0\0", "null bytes"),
    (b"\x1f\x8b\x08", "is not UTF-8"),
]

# files that are no model, by name
WEIGHTS: list[tuple[str, bytes, str]] = [
    ("x.gguf", b"", "does not hold a causal language model"),
    ("x.gguf", b"not weights", "so it is not a GGUF file"),
    ("x.gguf", b"GGUF", "does not hold a causal language model"),
    ("x.gguf", b"GGUF" + b"\xff" * 100, "does not hold a causal language model"),
    ("x.gguf", b"GGUF\x03\0\0\0" + b"\0" * 16, "does not hold a causal language model"),
    ("X.GGUF", b"PK\x03\x04", "so it is not a GGUF file"),
    ("model.safetensors", b"", "is a file"),
    ("config.json", b"{}", "is a file"),
    ("pytorch_model.bin", b"\x80\x04\x95", "is a file"),
    ("model.gguf.zip", b"PK\x03\x04", "is a file"),
]
