"""Quotes and invoices for freight."""
