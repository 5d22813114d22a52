"""The only training loop, and what it needs: batches, optimisers, devices, checkpoints, finished runs."""
