"""Flex documents: bytes into text columns per section, text into typed values. No storage, no keys."""
