"""Market data vendors over HTTP: one client for all, its pace, the archive of answers. No vendor's format here."""

from orchestration.resources.vendors.archive import AnswerArchive as AnswerArchive
from orchestration.resources.vendors.archive import open_archive as open_archive
from orchestration.resources.vendors.client import Received as Received
from orchestration.resources.vendors.client import VendorClient as VendorClient
from orchestration.resources.vendors.opened import OpenVendors as OpenVendors
from orchestration.resources.vendors.opened import Way as Way
from orchestration.resources.vendors.opened import open_vendors as open_vendors
from orchestration.resources.vendors.pace import Bucket as Bucket
from orchestration.resources.vendors.source import SourceState as SourceState
from orchestration.resources.vendors.store import FileStore as FileStore
