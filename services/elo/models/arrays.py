"""What arrays of ratings hold."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

NO_PARENT = -1
"""Among indices of parents: that has none."""
