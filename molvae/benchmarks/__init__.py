"""Benchmarks with published figures to compare with; nothing here is needed to use molvae."""
