"""Known results of others, each as a configuration and the numbers that were published, and ours beside them."""
