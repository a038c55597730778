"""The lab's servers as the programs of container images: the command line, files, users and ports of the real ones.

Each has a `main()` that serves until SIGTERM. tests/integration/stack/images.py puts them into images.
"""
