#!/usr/bin/env python3
"""Keeps what the fuzzer has found worth trying in text files: one input a line, escaped as in Python.

    tests/fuzz/seeds.py unpack    # seeds/TARGET.txt -> corpus/TARGET/, before a run
    tests/fuzz/seeds.py pack      # corpus/TARGET/ -> seeds/TARGET.txt, after `cargo fuzz cmin TARGET`
"""

import ast
import hashlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
# An input of a megabyte finds nothing that a shorter one does not, and cannot be read.
LONGEST = 4096


def unpack():
    for seeds in sorted((HERE / "seeds").glob("*.txt")):
        corpus = HERE / "corpus" / seeds.stem
        corpus.mkdir(parents=True, exist_ok=True)
        lines = seeds.read_text(encoding="ascii").splitlines()
        for line in lines:
            text = ast.literal_eval(f"b'{line}'")
            (corpus / hashlib.sha1(text).hexdigest()).write_bytes(text)
        print(f"{seeds.stem}: {len(lines)} inputs")


def pack():
    for corpus in sorted((HERE / "corpus").iterdir()):
        texts = {file.read_bytes() for file in corpus.iterdir()}
        texts = sorted(text for text in texts if len(text) <= LONGEST)
        lines = [repr(b'"' + text)[3:-1] + "\n" for text in texts]
        target = HERE / "seeds" / f"{corpus.name}.txt"
        target.write_text("".join(lines), encoding="ascii")
        print(f"{corpus.name}: {len(lines)} inputs, {target.stat().st_size} bytes")


if __name__ == "__main__":
    if sys.argv[1:] not in (["pack"], ["unpack"]):
        sys.exit(__doc__)
    (HERE / "seeds").mkdir(exist_ok=True)
    pack() if sys.argv[1] == "pack" else unpack()
