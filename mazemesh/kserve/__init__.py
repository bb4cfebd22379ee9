"""Generated stubs of the KServe v2 protocol, `proto/mazemesh/kserve`; what serves it is in Model.

tritonclient has messages of the same full names: one process imports the one or the other.
"""
