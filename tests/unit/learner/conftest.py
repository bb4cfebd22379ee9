"""One thread for torch, as in the learner: its pools wait for each other on a busy machine."""

import torch

torch.set_num_threads(1)
