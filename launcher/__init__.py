"""A local run: starts bot, services, nginx and playground, keeps them alive, stops them cleanly.

Docker Compose and Kubernetes do this job elsewhere; this is what `make run` runs.
"""
