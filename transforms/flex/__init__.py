"""Flex documents: their bytes into text columns per section, and text into typed values. No storage, no deduplication."""
