#!/usr/bin/env python3
"""Finds files by words of their names. The arguments come as one JSON object on standard input."""

import json
import os
import pathlib
import sys

wish = json.load(sys.stdin)
words = wish["words"].lower().split()
ending = wish.get("ending", "").lower().lstrip(".")

found = []
for folder, folders, files in os.walk(pathlib.Path.home()):
    folders[:] = [name for name in folders if not name.startswith(".")]
    for name in files:
        low = name.lower()
        if all(word in low for word in words) and low.endswith(ending):
            found.append(pathlib.Path(folder, name))

if not found:
    sys.exit("no file has that name.")
found.sort(key=lambda path: path.lstat().st_mtime, reverse=True)
# A model reads everything that is printed; the first sentences are said aloud.
print(f"The newest is {found[0].name} in the folder {found[0].parent.name}.")
if len(found) > 1:
    print(f"There are {len(found) - 1} more:")
    for path in found[1:50]:
        print(path)
