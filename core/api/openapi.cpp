#include "core/api/openapi.hpp"

namespace curfew::api {

std::string_view openapi_document() noexcept {
  static constexpr std::string_view document = R"openapi({
 "openapi": "3.1.0",
 "info": {
  "title": "Curfew",
  "version": "1",
  "summary": "Who is signed in where, what was breached, and proof that it ended",
  "description": "Two listeners: `operator` (all but /sources) and `sources` (/sources, /api/v1/ingest, health). Errors are RFC 9457 problems. Every answer carries X-Request-Id. Docs: docs/api.md.",
  "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}
 },
 "servers": [{"url": "http://127.0.0.1:8470", "description": "operator"}],
 "paths": {
  "/healthz": {
   "get": {
    "operationId": "health",
    "tags": ["health"],
    "summary": "Alive: this process answers; nothing else is asked",
    "security": [],
    "responses": {
     "200": {"description": "Alive", "content": {"text/plain": {"schema": {"type": "string"}}}},
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/readyz": {
   "get": {
    "operationId": "readiness",
    "tags": ["health"],
    "summary": "Ready to do its work, and if not, why",
    "security": [],
    "responses": {
     "200": {
      "description": "Ready",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ready"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "503": {
      "description": "Not ready",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ready"}}}
     }
    }
   }
  },
  "/metrics": {
   "get": {
    "operationId": "metrics",
    "tags": ["health"],
    "summary": "Prometheus metrics, text format 0.0.4",
    "security": [],
    "responses": {
     "200": {"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}},
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/openapi.json": {
   "get": {
    "operationId": "openapi",
    "tags": ["health"],
    "summary": "This document",
    "security": [],
    "responses": {
     "200": {
      "description": "OpenAPI 3.1",
      "content": {"application/json": {"schema": {"type": "object", "required": ["openapi", "paths"]}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/sessions": {
   "get": {
    "operationId": "list_sessions",
    "tags": ["sessions"],
    "summary": "Sessions by number",
    "description": "`from` and `to` choose the sessions that overlap this time.",
    "parameters": [
     {"name": "live", "in": "query", "description": "Only those that have not ended", "schema": {"type": "boolean"}},
     {"name": "source", "in": "query", "description": "Of this source", "schema": {"type": "string"}},
     {
      "name": "subject",
      "in": "query",
      "description": "Of this subject",
      "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"}
     },
     {
      "name": "from",
      "in": "query",
      "description": "From this time on",
      "schema": {"type": "string", "format": "date-time"}
     },
     {
      "name": "to",
      "in": "query",
      "description": "Before this time",
      "schema": {"type": "string", "format": "date-time"}
     },
     {
      "name": "after",
      "in": "query",
      "description": "Only what comes after this number",
      "schema": {"type": "integer", "minimum": 0}
     },
     {
      "name": "limit",
      "in": "query",
      "description": "At most so many",
      "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
     }
    ],
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {
      "description": "A page",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SessionPage"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/sessions/{number}": {
   "get": {
    "operationId": "show_session",
    "tags": ["sessions"],
    "summary": "One session",
    "parameters": [{"name": "number", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 0}}],
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {
      "description": "The session",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Session"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/subjects": {
   "get": {
    "operationId": "list_subjects",
    "tags": ["subjects"],
    "summary": "People and services, by reference",
    "parameters": [
     {"name": "live", "in": "query", "description": "Only those with a live session", "schema": {"type": "boolean"}},
     {
      "name": "after",
      "in": "query",
      "description": "Only what comes after this reference",
      "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"}
     },
     {
      "name": "limit",
      "in": "query",
      "description": "At most so many",
      "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
     }
    ],
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {
      "description": "A page",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SubjectPage"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/violations": {
   "get": {
    "operationId": "list_violations",
    "tags": ["violations"],
    "summary": "Violations by number",
    "parameters": [
     {"name": "policy", "in": "query", "description": "Of this policy", "schema": {"type": "string"}},
     {
      "name": "subject",
      "in": "query",
      "description": "Of this subject",
      "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"}
     },
     {
      "name": "from",
      "in": "query",
      "description": "From this time on",
      "schema": {"type": "string", "format": "date-time"}
     },
     {
      "name": "to",
      "in": "query",
      "description": "Before this time",
      "schema": {"type": "string", "format": "date-time"}
     },
     {
      "name": "withdrawn",
      "in": "query",
      "description": "false: only those that stand",
      "schema": {"type": "boolean", "default": true}
     },
     {
      "name": "after",
      "in": "query",
      "description": "Only what comes after this number",
      "schema": {"type": "integer", "minimum": 0}
     },
     {
      "name": "limit",
      "in": "query",
      "description": "At most so many",
      "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
     }
    ],
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {
      "description": "A page",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ViolationPage"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/violations/{number}": {
   "get": {
    "operationId": "show_violation",
    "tags": ["violations"],
    "summary": "One violation with its evidence",
    "parameters": [{"name": "number", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 0}}],
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {
      "description": "The violation",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Violation"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/sign-outs": {
   "get": {
    "operationId": "list_sign_outs",
    "tags": ["sign-outs"],
    "summary": "Sign-outs by number",
    "parameters": [
     {
      "name": "outcome",
      "in": "query",
      "description": "With this outcome",
      "schema": {
       "type": "string",
       "enum": ["pending", "proven", "contained", "still_alive", "unproven", "held", "mistaken"]
      }
     },
     {
      "name": "after",
      "in": "query",
      "description": "Only what comes after this number",
      "schema": {"type": "integer", "minimum": 0}
     },
     {
      "name": "limit",
      "in": "query",
      "description": "At most so many",
      "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
     }
    ],
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {
      "description": "A page",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SignOutPage"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   },
   "post": {
    "operationId": "order_sign_out",
    "tags": ["sign-outs"],
    "summary": "Order a sign-out",
    "description": "An accepted order proves nothing yet: GET the sign-out until its outcome is no longer `pending`.",
    "requestBody": {
     "required": true,
     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewSignOut"}}}
    },
    "security": [{"token": ["operator", "admin"]}],
    "responses": {
     "202": {
      "description": "The order is in the ledger; watch it for its proof",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ordered"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "409": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "413": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "415": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/sign-outs/{number}": {
   "get": {
    "operationId": "show_sign_out",
    "tags": ["sign-outs"],
    "summary": "One sign-out with its trail",
    "parameters": [{"name": "number", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 0}}],
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {
      "description": "The sign-out",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SignOut"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/sign-outs/{number}/release": {
   "post": {
    "operationId": "release_sign_out",
    "tags": ["sign-outs"],
    "summary": "Let a held sign-out go on",
    "parameters": [{"name": "number", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 0}}],
    "requestBody": {
     "required": true,
     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Reason"}}}
    },
    "security": [{"token": ["operator", "admin"]}],
    "responses": {
     "202": {
      "description": "Released",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ordered"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "409": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "413": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "415": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/sign-outs/{number}/dismiss": {
   "post": {
    "operationId": "dismiss_sign_out",
    "tags": ["sign-outs"],
    "summary": "Drop a held sign-out",
    "parameters": [{"name": "number", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 0}}],
    "requestBody": {
     "required": true,
     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Reason"}}}
    },
    "security": [{"token": ["operator", "admin"]}],
    "responses": {
     "202": {
      "description": "Dismissed",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ordered"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "409": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "413": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "415": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/sources": {
   "get": {
    "operationId": "list_sources",
    "tags": ["sources"],
    "summary": "Sources with what they have seen and what they can't show",
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {
      "description": "All sources",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SourceList"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/sources/{source}": {
   "get": {
    "operationId": "show_source",
    "tags": ["sources"],
    "summary": "One source",
    "parameters": [{"name": "source", "in": "path", "required": true, "schema": {"type": "string"}}],
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {
      "description": "The source",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Source"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/policies": {
   "get": {
    "operationId": "show_policies",
    "tags": ["policies"],
    "summary": "Policies in force, and what they amount to in sentences",
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {
      "description": "Policies",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Policies"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/names": {
   "post": {
    "operationId": "resolve_names",
    "tags": ["names"],
    "summary": "What references stand for; the ledger records who asked and why",
    "requestBody": {
     "required": true,
     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NamesQuery"}}}
    },
    "security": [{"token": ["auditor", "operator", "admin"]}],
    "responses": {
     "200": {
      "description": "Names; erased ones are left out",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NameList"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "413": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "415": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/ledger/streams": {
   "get": {
    "operationId": "list_streams",
    "tags": ["ledger"],
    "summary": "Streams, the one being written first",
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {
      "description": "Streams",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/StreamList"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/ledger/checkpoint": {
   "get": {
    "operationId": "newest_checkpoint",
    "tags": ["ledger"],
    "summary": "Signed checkpoint of the stream being written (C2SP signed note)",
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {"description": "The note", "content": {"text/plain": {"schema": {"type": "string"}}}},
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/ledger/streams/{stream}/checkpoint": {
   "get": {
    "operationId": "stream_checkpoint",
    "tags": ["ledger"],
    "summary": "Signed checkpoint of a stream",
    "parameters": [{"name": "stream", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 0}}],
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {"description": "The note", "content": {"text/plain": {"schema": {"type": "string"}}}},
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/ledger/streams/{stream}/proof": {
   "get": {
    "operationId": "inclusion_proof",
    "tags": ["ledger"],
    "summary": "Proof that an entry is in the tree",
    "parameters": [
     {"name": "stream", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 0}},
     {
      "name": "index",
      "in": "query",
      "required": true,
      "schema": {"type": "integer", "minimum": 0},
      "description": "The entry"
     },
     {
      "name": "size",
      "in": "query",
      "description": "Tree size; absent: the newest",
      "schema": {"type": "integer", "minimum": 0}
     }
    ],
    "security": [{"token": ["auditor", "admin"]}],
    "responses": {
     "200": {
      "description": "The proof",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Proof"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/ledger/streams/{stream}/tile/{tile}": {
   "get": {
    "operationId": "tile",
    "tags": ["ledger"],
    "summary": "A tile (C2SP tlog-tiles): <level>/<index>[.p/<width>] or entries/<index>[.p/<width>]",
    "parameters": [
     {"name": "stream", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 0}},
     {"name": "tile", "in": "path", "required": true, "schema": {"type": "string"}, "description": "Contains slashes"}
    ],
    "security": [{"token": ["auditor", "admin"]}],
    "responses": {
     "200": {
      "description": "Hashes, or entries with their 2-byte lengths",
      "content": {"application/octet-stream": {"schema": {"type": "string"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/stream": {
   "get": {
    "operationId": "watch",
    "tags": ["stream"],
    "summary": "What changes, as it happens (Server-Sent Events)",
    "parameters": [
     {"name": "events", "in": "query", "description": "Names with commas (session, violation, sign_out); absent: all", "schema": {"type": "string"}}
    ],
    "security": [{"token": ["viewer", "auditor", "operator", "admin"]}],
    "responses": {
     "200": {
      "description": "Events; `lost` says how many a slow watcher missed",
      "content": {"text/event-stream": {"schema": {"type": "string"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "503": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/api/v1/ingest/{source}": {
   "post": {
    "operationId": "ingest",
    "tags": ["ingest"],
    "summary": "Push observations: one, an array, or NDJSON",
    "description": "Answered only when everything taken is durable; 503 with Retry-After otherwise: send all of it again, what was taken is recognised by its key. A malformed batch is refused whole, with the index of the first wrong observation.",
    "parameters": [{"name": "source", "in": "path", "required": true, "schema": {"type": "string"}}],
    "requestBody": {
     "required": true,
     "content": {
      "application/json": {
       "schema": {
        "oneOf": [
         {"$ref": "#/components/schemas/Observation"},
         {"type": "array", "items": {"$ref": "#/components/schemas/Observation"}, "maxItems": 5000}
        ]
       }
      },
      "application/x-ndjson": {"schema": {"type": "string"}}
     }
    },
    "security": [{"token": ["ingest", "admin"]}],
    "responses": {
     "202": {
      "description": "Durable",
      "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Taken"}}}
     },
     "400": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "401": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "403": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "413": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "415": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "422": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "503": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     }
    }
   }
  },
  "/sources/{source}/{path}": {
   "get": {
    "operationId": "source_get",
    "tags": ["sources"],
    "summary": "A connector's own GET endpoint (on the listener `sources` only)",
    "parameters": [
     {"name": "source", "in": "path", "required": true, "schema": {"type": "string"}},
     {"name": "path", "in": "path", "required": true, "schema": {"type": "string"}, "description": "Contains slashes"}
    ],
    "security": [],
    "responses": {
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "501": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "default": {"description": "The connector's own answer, sent when what it emitted is durable"}
    }
   },
   "post": {
    "operationId": "source_post",
    "tags": ["sources"],
    "summary": "A connector's own POST endpoint (on the listener `sources` only)",
    "parameters": [
     {"name": "source", "in": "path", "required": true, "schema": {"type": "string"}},
     {"name": "path", "in": "path", "required": true, "schema": {"type": "string"}, "description": "Contains slashes"}
    ],
    "security": [],
    "responses": {
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "413": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "501": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "default": {"description": "The connector's own answer, sent when what it emitted is durable"}
    }
   },
   "put": {
    "operationId": "source_put",
    "tags": ["sources"],
    "summary": "A connector's own PUT endpoint (on the listener `sources` only)",
    "parameters": [
     {"name": "source", "in": "path", "required": true, "schema": {"type": "string"}},
     {"name": "path", "in": "path", "required": true, "schema": {"type": "string"}, "description": "Contains slashes"}
    ],
    "security": [],
    "responses": {
     "404": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "413": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "429": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "501": {
      "description": "An error",
      "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
     },
     "default": {"description": "The connector's own answer, sent when what it emitted is durable"}
    }
   }
  }
 },
 "components": {
  "securitySchemes": {
   "token": {
    "type": "http",
    "scheme": "bearer",
    "description": "A token from the configuration; the scopes named on an operation are the roles of which the token needs one"
   }
  },
  "schemas": {
   "Problem": {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
     "type": {"type": "string"},
     "title": {"type": "string"},
     "status": {"type": "integer", "minimum": 0},
     "detail": {"type": "string"},
     "instance": {"type": "string", "description": "urn:curfew:request:<id>: the log has more under this id"},
     "index": {"type": "integer", "minimum": 0, "description": "Of a batch: the first item that is wrong"},
     "refused": {"type": "array", "items": {"$ref": "#/components/schemas/Refused"}}
    }
   },
   "Refused": {
    "type": "object",
    "required": ["index", "reason"],
    "properties": {
     "index": {"type": "integer", "minimum": 0},
     "reason": {"type": "string", "enum": ["too_late", "invalid", "too_large"]}
    }
   },
   "Session": {
    "type": "object",
    "required": ["number", "source", "session", "subject", "account_type", "state", "start_seen", "started_at", "ended_at", "end_reason", "end_certainty", "last_person_activity_at", "last_machine_activity_at", "last_fresh_authentication_at", "expires_at", "application", "auth_method", "interactivity", "network", "factors", "privileged", "device", "address", "user_agent", "activities", "corrections"],
    "properties": {
     "number": {"type": "integer", "minimum": 0},
     "source": {"type": "string"},
     "session": {"type": ["string", "null"], "description": "Digest of the session's id at its source"},
     "subject": {"type": ["string", "null"], "pattern": "^[0-9a-f]{16}$"},
     "account_type": {"type": "string", "enum": ["unknown", "human", "service", "computer", "shared"]},
     "state": {"type": "string", "enum": ["active", "locked", "paused", "ended"]},
     "start_seen": {"type": "boolean", "description": "false: known only from later observations"},
     "started_at": {"type": ["string", "null"], "format": "date-time"},
     "ended_at": {"type": ["string", "null"], "format": "date-time"},
     "end_reason": {
      "type": ["string", "null"],
      "enum": ["unknown", "signed_out", "idle_timeout", "absolute_timeout", "closing_time", "expired", "forced", "replaced", "account_disabled", "credential_changed", "reboot", "vanished", null]
     },
     "end_certainty": {"type": ["string", "null"], "enum": ["stated", "inferred", null]},
     "last_person_activity_at": {"type": ["string", "null"], "format": "date-time"},
     "last_machine_activity_at": {"type": ["string", "null"], "format": "date-time"},
     "last_fresh_authentication_at": {"type": ["string", "null"], "format": "date-time"},
     "expires_at": {"type": ["string", "null"], "format": "date-time"},
     "application": {"type": ["string", "null"]},
     "auth_method": {
      "type": "string",
      "enum": ["unknown", "password", "form", "kerberos", "ntlm", "negotiate", "certificate", "oidc", "saml", "cached", "token", "basic"]
     },
     "interactivity": {"type": "string", "enum": ["unknown", "interactive", "silent"]},
     "network": {"type": "string", "enum": ["unknown", "local", "private", "public"]},
     "factors": {"type": "integer", "minimum": 0},
     "privileged": {"type": "boolean"},
     "device": {"type": ["string", "null"], "pattern": "^[0-9a-f]{16}$"},
     "address": {"type": ["string", "null"], "pattern": "^[0-9a-f]{16}$"},
     "user_agent": {"type": ["string", "null"], "pattern": "^[0-9a-f]{16}$"},
     "activities": {"type": "integer", "minimum": 0},
     "corrections": {"type": "integer", "minimum": 0, "description": "How often an inferred end was taken back"}
    }
   },
   "Subject": {
    "type": "object",
    "required": ["subject", "account_type", "live_sessions", "sessions", "violations", "first_seen_at", "last_activity_at"],
    "properties": {
     "subject": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
     "account_type": {"type": "string", "enum": ["unknown", "human", "service", "computer", "shared"]},
     "live_sessions": {"type": "integer", "minimum": 0},
     "sessions": {"type": "integer", "minimum": 0},
     "violations": {"type": "integer", "minimum": 0},
     "first_seen_at": {"type": ["string", "null"], "format": "date-time"},
     "last_activity_at": {"type": ["string", "null"], "format": "date-time"}
    }
   },
   "Violation": {
    "type": "object",
    "required": ["number", "policy", "rule", "mode", "source", "session", "subject", "breached_at", "detected_at", "withdrawn_at", "evidence", "controls", "sign_out"],
    "properties": {
     "number": {"type": "integer", "minimum": 0},
     "policy": {"type": "string"},
     "rule": {
      "type": "string",
      "enum": ["session_timeout", "inactivity_timeout", "concurrent_sessions", "failed_sign_ins", "activity_after_end"]
     },
     "mode": {"type": "string", "enum": ["observe", "enforce"]},
     "source": {"type": ["string", "null"]},
     "session": {"type": ["integer", "null"], "minimum": 0},
     "subject": {"type": ["string", "null"], "pattern": "^[0-9a-f]{16}$"},
     "breached_at": {"type": ["string", "null"], "format": "date-time"},
     "detected_at": {"type": ["string", "null"], "format": "date-time"},
     "withdrawn_at": {"type": ["string", "null"], "format": "date-time"},
     "evidence": {"description": "Limit, measured value and the sessions involved"},
     "controls": {"type": "array", "items": {"type": "string"}},
     "sign_out": {"type": ["integer", "null"], "minimum": 0}
    }
   },
   "SignOut": {
    "type": "object",
    "required": ["number", "session", "subject", "source", "reason", "violation", "ordered_by", "outcome", "held_because", "step", "steps", "breached_at", "ordered_at", "concluded_at", "reverted_at", "trail"],
    "properties": {
     "number": {"type": "integer", "minimum": 0},
     "session": {"type": ["integer", "null"], "minimum": 0},
     "subject": {"type": ["string", "null"], "pattern": "^[0-9a-f]{16}$"},
     "source": {"type": ["string", "null"]},
     "reason": {"type": "string"},
     "violation": {"type": ["integer", "null"], "minimum": 0},
     "ordered_by": {"type": "string"},
     "outcome": {
      "type": "string",
      "enum": ["pending", "proven", "contained", "still_alive", "unproven", "held", "mistaken"]
     },
     "held_because": {"type": ["string", "null"]},
     "step": {"type": "integer", "minimum": 0},
     "steps": {"type": "integer", "minimum": 0},
     "breached_at": {"type": ["string", "null"], "format": "date-time"},
     "ordered_at": {"type": ["string", "null"], "format": "date-time"},
     "concluded_at": {"type": ["string", "null"], "format": "date-time"},
     "reverted_at": {"type": ["string", "null"], "format": "date-time"},
     "trail": {"description": "Each step with intent, answer, probes and verdict"}
    }
   },
   "Source": {
    "type": "object",
    "required": ["name", "connector", "state", "text", "last_observation_at", "observed_until", "caught_up", "shows_activity", "can", "can_prove", "read", "filtered", "unreadable", "observations", "refused", "live_sessions", "coverage"],
    "properties": {
     "name": {"type": "string"},
     "connector": {"type": "string"},
     "state": {"type": "string"},
     "text": {"type": ["string", "null"]},
     "last_observation_at": {"type": ["string", "null"], "format": "date-time"},
     "observed_until": {"type": ["string", "null"], "format": "date-time"},
     "caught_up": {"type": "boolean"},
     "shows_activity": {"type": "boolean"},
     "can": {
      "type": "array",
      "items": {
       "type": "string",
       "enum": ["notify", "cancel_session", "sign_out_session", "revoke_tokens", "sign_out_subject", "suspend_access", "block_sign_in", "disable_account"]
      }
     },
     "can_prove": {"type": "boolean"},
     "read": {"type": "integer", "minimum": 0},
     "filtered": {"type": "integer", "minimum": 0},
     "unreadable": {"type": "integer", "minimum": 0},
     "observations": {"type": "integer", "minimum": 0},
     "refused": {"type": "integer", "minimum": 0},
     "live_sessions": {"type": "integer", "minimum": 0},
     "coverage": {"type": ["object", "null"], "description": "What the connector says it has seen and can't show"}
    }
   },
   "Observation": {
    "type": "object",
    "description": "What a source saw at one time. Names and meaning are those of the plugin ABI's curfew_observation. Unknown fields are refused by name.",
    "required": ["type", "occurred_at", "key"],
    "properties": {
     "type": {
      "type": "string",
      "enum": ["sign_in", "sign_in_failed", "activity", "token_refreshed", "reauthenticated", "locked", "unlocked", "disconnected", "reconnected", "paused", "resumed", "sign_out", "expired", "revoked", "credential_changed", "account_disabled", "account_enabled", "gap"]
     },
     "occurred_at": {"type": "string", "format": "date-time"},
     "key": {
      "type": "string",
      "minLength": 1,
      "maxLength": 2048,
      "description": "Idempotency key: the same for the same event whenever it is sent again; unique within the source"
     },
     "session": {
      "oneOf": [
       {
        "type": "object",
        "description": "The id in the clear. Curfew keeps only its digest under the source's key.",
        "required": ["id"],
        "properties": {"id": {"type": "string", "maxLength": 2048}},
        "additionalProperties": false
       },
       {
        "type": "object",
        "required": ["digest"],
        "properties": {"digest": {"type": "string", "pattern": "^[0-9a-f]{32}$"}},
        "additionalProperties": false
       }
      ]
     },
     "linked_session": {
      "oneOf": [
       {
        "type": "object",
        "description": "The id in the clear. Curfew keeps only its digest under the source's key.",
        "required": ["id"],
        "properties": {"id": {"type": "string", "maxLength": 2048}},
        "additionalProperties": false
       },
       {
        "type": "object",
        "required": ["digest"],
        "properties": {"digest": {"type": "string", "pattern": "^[0-9a-f]{32}$"}},
        "additionalProperties": false
       }
      ]
     },
     "handle": {
      "type": "string",
      "maxLength": 2048,
      "description": "The session's id in the clear, only if it is no credential"
     },
     "identifiers": {
      "type": "array",
      "items": {
       "type": "object",
       "required": ["namespace", "value"],
       "properties": {
        "namespace": {"type": "string", "minLength": 1, "maxLength": 64},
        "value": {"type": "string", "minLength": 1, "maxLength": 2048}
       },
       "additionalProperties": false
      },
      "maxItems": 4
     },
     "account_type": {"type": "string", "enum": ["unknown", "human", "service", "computer", "shared"]},
     "activity_class": {"type": "string", "enum": ["person", "machine"]},
     "auth_method": {
      "type": "string",
      "enum": ["unknown", "password", "form", "kerberos", "ntlm", "negotiate", "certificate", "oidc", "saml", "cached", "token", "basic"]
     },
     "interactivity": {"type": "string", "enum": ["unknown", "interactive", "silent"]},
     "end_reason": {
      "type": "string",
      "enum": ["unknown", "signed_out", "idle_timeout", "absolute_timeout", "closing_time", "expired", "forced", "replaced", "account_disabled", "credential_changed", "reboot", "vanished"],
      "description": "Of sign_out, expired and revoked only"
     },
     "end_certainty": {
      "type": "string",
      "enum": ["stated", "inferred"],
      "description": "Of sign_out, expired and revoked only; inferred: the source did not state this end, who sends it concluded it"
     },
     "fresh_credentials": {"type": "boolean", "description": "The person proved who they are just now"},
     "privileged": {"type": "boolean"},
     "factors": {"type": "integer", "minimum": 0, "maximum": 255},
     "count": {
      "type": "integer",
      "minimum": 0,
      "maximum": 4294967295,
      "description": "Merged events; of a gap: missing records, 0 unknown"
     },
     "expires_at": {"type": "string", "format": "date-time"},
     "device": {"type": "string", "maxLength": 2048},
     "address": {"type": "string", "maxLength": 64, "description": "IPv4 or IPv6 without port"},
     "user_agent": {"type": "string", "maxLength": 2048},
     "application": {"type": "string", "maxLength": 2048},
     "failure": {"type": "string", "maxLength": 2048, "description": "Of sign_in_failed only: a stable code"}
    },
    "additionalProperties": false
   },
   "Taken": {
    "type": "object",
    "required": ["taken", "repeated", "refused"],
    "properties": {
     "taken": {"type": "integer", "minimum": 0},
     "repeated": {"type": "integer", "minimum": 0, "description": "Known by their keys: durable already"},
     "refused": {"type": "array", "items": {"$ref": "#/components/schemas/Refused"}}
    }
   },
   "Ordered": {
    "type": "object",
    "required": ["sign_outs"],
    "properties": {"sign_outs": {"type": "array", "items": {"type": "integer", "minimum": 0}}}
   },
   "LadderStep": {
    "type": "object",
    "required": ["action"],
    "properties": {
     "action": {
      "type": "string",
      "enum": ["notify", "cancel_session", "sign_out_session", "revoke_tokens", "sign_out_subject", "suspend_access", "block_sign_in", "disable_account"]
     },
     "at": {"type": "string", "description": "The source that carries it out; absent: the session's own"},
     "required": {"type": "boolean"},
     "together": {"type": "boolean"},
     "prove_within": {"type": "string", "examples": ["30s"]},
     "revert_after": {"type": "string", "examples": ["12h"]}
    },
    "additionalProperties": false
   },
   "NewSignOut": {
    "type": "object",
    "description": "Exactly one of session, subject and identifier.",
    "required": ["reason"],
    "properties": {
     "session": {"type": "integer", "minimum": 1, "description": "A session's number"},
     "subject": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
     "identifier": {
      "type": "object",
      "required": ["namespace", "value"],
      "properties": {"namespace": {"type": "string"}, "value": {"type": "string"}},
      "additionalProperties": false
     },
     "reason": {"type": "string", "minLength": 1, "maxLength": 512},
     "ladder": {"type": "array", "items": {"$ref": "#/components/schemas/LadderStep"}, "maxItems": 16}
    },
    "additionalProperties": false
   },
   "Reason": {
    "type": "object",
    "required": ["reason"],
    "properties": {"reason": {"type": "string", "minLength": 1, "maxLength": 512}},
    "additionalProperties": false
   },
   "NamesQuery": {
    "type": "object",
    "required": ["refs", "reason"],
    "properties": {
     "refs": {
      "type": "array",
      "items": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
      "minItems": 1,
      "maxItems": 1000
     },
     "reason": {"type": "string", "minLength": 1, "maxLength": 512}
    },
    "additionalProperties": false
   },
   "Name": {
    "type": "object",
    "required": ["ref", "kind", "namespace", "value"],
    "properties": {
     "ref": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
     "kind": {"type": "string", "enum": ["identifier", "device", "address", "user_agent", "handle", "note"]},
     "namespace": {"type": ["string", "null"]},
     "value": {"type": "string"}
    }
   },
   "Stream": {
    "type": "object",
    "required": ["stream", "origin", "size", "root", "checkpoint", "verifier_key"],
    "properties": {
     "stream": {"type": "integer", "minimum": 0},
     "origin": {"type": "string"},
     "size": {"type": "integer", "minimum": 0},
     "root": {"type": "string"},
     "checkpoint": {"type": "string"},
     "verifier_key": {"type": "string"}
    }
   },
   "Proof": {
    "type": "object",
    "description": "RFC 6962 inclusion proof, leaf to root, hashes in hex",
    "required": ["index", "size", "leaf_hash", "root", "path"],
    "properties": {
     "index": {"type": "integer", "minimum": 0},
     "size": {"type": "integer", "minimum": 0},
     "leaf_hash": {"type": "string"},
     "root": {"type": "string"},
     "path": {"type": "array", "items": {"type": "string"}}
    }
   },
   "SessionPage": {
    "type": "object",
    "required": ["sessions", "next"],
    "properties": {
     "sessions": {"type": "array", "items": {"$ref": "#/components/schemas/Session"}},
     "next": {"type": ["string", "null"], "description": "The value of `after` for the next page"}
    }
   },
   "SubjectPage": {
    "type": "object",
    "required": ["subjects", "next"],
    "properties": {
     "subjects": {"type": "array", "items": {"$ref": "#/components/schemas/Subject"}},
     "next": {"type": ["string", "null"], "description": "The value of `after` for the next page"}
    }
   },
   "ViolationPage": {
    "type": "object",
    "required": ["violations", "next"],
    "properties": {
     "violations": {"type": "array", "items": {"$ref": "#/components/schemas/Violation"}},
     "next": {"type": ["string", "null"], "description": "The value of `after` for the next page"}
    }
   },
   "SignOutPage": {
    "type": "object",
    "required": ["sign_outs", "next"],
    "properties": {
     "sign_outs": {"type": "array", "items": {"$ref": "#/components/schemas/SignOut"}},
     "next": {"type": ["string", "null"], "description": "The value of `after` for the next page"}
    }
   },
   "SourceList": {
    "type": "object",
    "required": ["sources"],
    "properties": {"sources": {"type": "array", "items": {"$ref": "#/components/schemas/Source"}}}
   },
   "NameList": {
    "type": "object",
    "required": ["names"],
    "properties": {"names": {"type": "array", "items": {"$ref": "#/components/schemas/Name"}}}
   },
   "StreamList": {
    "type": "object",
    "required": ["streams"],
    "properties": {"streams": {"type": "array", "items": {"$ref": "#/components/schemas/Stream"}}}
   },
   "Policies": {
    "type": "object",
    "required": ["digest", "sentences", "policies"],
    "properties": {
     "digest": {"type": "string"},
     "sentences": {"type": "array", "items": {"type": "string"}},
     "policies": {"type": ["object", "null"]}
    }
   },
   "Ready": {
    "type": "object",
    "required": ["ready", "checks"],
    "properties": {
     "ready": {"type": "boolean"},
     "checks": {
      "type": "array",
      "items": {
       "type": "object",
       "required": ["name", "ok", "text"],
       "properties": {"name": {"type": "string"}, "ok": {"type": "boolean"}, "text": {"type": "string"}}
      }
     }
    }
   }
  }
 }
})openapi";
  return document;
}

}  // namespace curfew::api
