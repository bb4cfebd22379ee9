"""The dashboards: the mesh at a glance, training, rating, and what is scarce."""

from typing import Final

from deploy.observing.dashboards.overview import OVERVIEW
from deploy.observing.dashboards.rating import RATING
from deploy.observing.dashboards.saturation import SATURATION
from deploy.observing.dashboards.training import TRAINING

ALL: Final = (OVERVIEW, TRAINING, RATING, SATURATION)
