#pragma once

// Which answer a client gets where several nodes were asked and not all of them agree. Pure.

#include <span>
#include <string>
#include <string_view>

namespace catalog {

// How one node answered.
struct NodeOutcome {
  std::string nodeName;
  int status = 0;    // of HTTP; 0: it did not answer
  std::string body;  // with status 0: why not
};

// What the client gets.
struct Chosen {
  int status = 0;
  std::string body;
  // Whether it is a node's own answer and which; else the body is {"message": ...} made here.
  bool own = false;
  size_t node = 0;
};

// Whether an answer tells nothing of what was asked: the node did not answer, or its engine did not
// answer it.
bool isSilence(int status);

// A question about one object that any of these nodes may have. The first that has it wins. If
// nobody does: an error other than "not found" is told with its node's name; else 503 with the
// first that was silent, since it may be the one; else Docker's own words of the first that says
// that it has none. Whose silence is no reason to doubt is left out by the caller.
Chosen chooseLookup(std::span<const NodeOutcome> outcomes);

// A change that was made on several nodes, such as the removal of an image. Those that do not have
// the object do not count unless nobody has it. One failure is enough to be told, with its node's
// name; else the answer is the first success, of which 304 is the least.
Chosen chooseChange(std::span<const NodeOutcome> outcomes);

// A list or a sum: as soon as one node answered its part is shown, and the choice is a success;
// else the first failure.
Chosen chooseList(std::span<const NodeOutcome> outcomes);

}  // namespace catalog
