#pragma once

// The reference of labels, written from the tables of keys and fields.

#include <string>

namespace labels {

// What stands between the marks of docs/labels.md.
std::string reference();

}  // namespace labels
