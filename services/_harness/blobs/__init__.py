"""Files that never change: in a folder, or in S3; one Protocol, opened by one function.

`store.py` is the Protocol, `opening.py` goes from settings to an adapter (`folder.py`, `s3.py`),
`hashed.py` names files by their content, `collection.py` deletes what nobody needs any more.
"""
