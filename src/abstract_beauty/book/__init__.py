"""What pages and notebooks show: plots, tables, cards, networks as ONNX."""
