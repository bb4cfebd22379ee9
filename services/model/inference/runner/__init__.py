"""The process that runs files: `process` is our side, `main` its own, `frames` between them."""
