"""PyTorch: parameters, passes over them, and the hooks of optimizers. Nothing here is imported before torch is."""
