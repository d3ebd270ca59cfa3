"""Tests of `kubectl inventory`, most of them against a real control plane."""
