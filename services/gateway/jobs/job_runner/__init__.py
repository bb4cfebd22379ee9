"""The process that keeps a job's processes: it needs no gateway, and tells whoever looks."""
