"""The Flex Web Service v3: the broker's answers told apart, the pace it allows, and the fetching of one document."""

from orchestration.resources.flex_web_service.client import MOST_DAYS as MOST_DAYS
from orchestration.resources.flex_web_service.client import Fetched as Fetched
from orchestration.resources.flex_web_service.client import FlexWebService as FlexWebService
from orchestration.resources.flex_web_service.errors import FlexServiceError as FlexServiceError
from orchestration.resources.flex_web_service.errors import Reaction as Reaction
