"""What a servicer is given beside the request."""

from __future__ import annotations

from typing import Any, TypeAlias

import grpc.aio

# Generic in the stubs only, hence the quotes.
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
