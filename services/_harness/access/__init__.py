"""Who may call what: keys, roles, turns, limits, certificates and the audit log (docs/security.md).

A call passes `gate.Gate`: key -> role -> scopes -> turn and limits -> servicer -> audit log.
"""
