#pragma once

// What somebody probably meant by a misspelt word.

#include <string>
#include <string_view>
#include <vector>

namespace base {

// Which of the words was probably meant; empty if none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& words);

}  // namespace base
