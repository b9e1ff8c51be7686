"""What scripts/gpu_check consists of; see docs/gpu_check.md."""
