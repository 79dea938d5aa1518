#pragma once

// The expressions of io.drover.constraint and io.drover.affinity: terms separated by commas, all of
// which have to hold.
//
//     term   = field operator value | field "in" list | field "notin" list
//            | field "exists" | field "absent"
//     list   = "(" value { "," value } ")"
//     value  = word up to the next comma, where * and ? are wildcards
//            | "text" or 'text', taken literally, \ before a quote
//            | /regular expression/, found anywhere; \/ for a slash
//     operator = "==" | "!=" | "<" | "<=" | ">=" | ">"
//
// An order compares sizes where the field is one, else versions.

#include "labels/budget.h"
#include "labels/fields.h"
#include "labels/rule.h"

#include <string_view>
#include <vector>

namespace labels {

// Throws BadValue. No rules for a value that is empty or blank.
std::vector<Rule> parseExpression(std::string_view text, Use use, Budget& budget);

// A selector as Rancher has them: `k = v`, `k != v`, `k`, `k in (a, b)`, `k notin (a, b)`. The
// field of a rule is the label's key. Letters' case counts only for a key that stands alone.
// Throws BadValue.
std::vector<Rule> parseSelector(std::string_view text, Budget& budget);

}  // namespace labels
