"""Which syntax nodes of JavaScript and TypeScript have a scope, and which say nothing.

Source: https://github.com/tree-sitter/tree-sitter-javascript and
https://github.com/tree-sitter/tree-sitter-typescript (src/node-types.json)
"""

from __future__ import annotations

FUNCTIONS = frozenset(
    {
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "arrow_function",
        "method_definition",
    }
)
CLASSES = frozenset(
    {"enum_declaration", "class_declaration", "abstract_class_declaration", "class"}
)
BLOCKS = frozenset(
    {"statement_block", "for_statement", "for_in_statement", "switch_body", "catch_clause"}
)
TRANSPARENT = frozenset(
    {
        "parenthesized_expression",
        "as_expression",
        "satisfies_expression",
        "non_null_expression",
        "type_assertion",
        "await_expression",
        "computed_property_name",
        "class_heritage",
        "extends_clause",
    }
)
"""Mean what their first child means."""

IGNORED = frozenset(
    {
        "comment",
        "hash_bang_line",
        "string_fragment",
        "escape_sequence",
        "optional_chain",
        "import_statement",
        "accessibility_modifier",
        "override_modifier",
        "interface_declaration",
        "type_alias_declaration",
        "ambient_declaration",
        "function_signature",
        "abstract_method_signature",
        "method_signature",
        "implements_clause",
        "type_annotation",
        "type_arguments",
        "type_parameters",
        "type_predicate_annotation",
        "asserts_annotation",
        "literal_type",
        "object_type",
        "union_type",
        "intersection_type",
        "template_literal_type",
        "array_type",
        "tuple_type",
        "readonly_type",
        "generic_type",
        "parenthesized_type",
        "conditional_type",
        "index_type_query",
        "lookup_type",
        "type_query",
        "function_type",
        "predefined_type",
    }
)
"""Types, comments, and text that is read with the string that it is in."""
