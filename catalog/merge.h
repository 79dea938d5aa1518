#pragma once

// What the mergers share. A question goes to the engines of all nodes; a merger makes of their
// answers the one that a single Docker would have given. Mergers are pure, and answers of one node
// alone come out as that node gave them but for the member "Node".

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "docker/merge_json.h"

namespace catalog {

// What one node's engine said to a question that went to many.
struct NodeAnswer {
  std::string nodeId;
  std::string nodeName;
  std::string nodeAddress;  // an IP address
  std::string body;
};

// An answer that is not what it should be. The message names the node.
class MergeError : public std::runtime_error {
 public:
  MergeError(std::string_view nodeName, std::string_view what)
      : std::runtime_error("node " + std::string(nodeName) + ": " + std::string(what)),
        nodeName_(nodeName) {}
  const std::string& nodeName() const { return nodeName_; }

 private:
  std::string nodeName_;
};

// The member "Node" that says where an object is: {"ID","Name","IP","Addr"}, as classic Swarm
// called them. IP and Addr are the same: nobody but droverd is to talk to the engine there.
std::string nodeMember(const NodeAnswer& node);

// What `merge` makes of the answers but for those that it finds wrong: it throws MergeError for
// one, of which `isWrong` is told before it is tried without that. Throws the last one if nothing
// is left.
template <class Merge, class IsWrong>
auto mergeSound(std::vector<NodeAnswer> answers, Merge merge, IsWrong isWrong) {
  for (;;) {
    try {
      return merge(answers);
    } catch (const MergeError& wrong) {
      size_t gone = std::erase_if(
          answers, [&](const NodeAnswer& each) { return each.nodeName == wrong.nodeName(); });
      if (gone == 0 || answers.empty()) throw;
      isWrong(wrong);
    }
  }
}

// ---- for the mergers; each throws MergeError, which says `what` is wrong

// The answer's body, or a part of it, as an object that lives as long as the answer.
docker::JsonObject objectOf(const NodeAnswer& answer, std::string_view json, std::string_view what);
// The elements of the answer's body, which must be a list or null.
std::vector<std::string_view> listOf(const NodeAnswer& answer);
// The elements of a list; none of null or of what is not there.
std::vector<std::string_view> elementsOf(const NodeAnswer& answer, std::string_view json,
                                         std::string_view what);
// The members of an object; none of null or of what is not there.
std::vector<docker::JsonMember> membersOf(const NodeAnswer& answer, std::string_view json,
                                          std::string_view what);
// A whole number; 0 of what is not there.
int64_t numberOf(const NodeAnswer& answer, std::string_view json, std::string_view what);

// Stops at the ends of 64 bits.
int64_t saturatedSum(int64_t a, int64_t b);

// All lists in one, in order. `first` (null, or a list) stands for the whole if there is nothing.
// `once`: elements that are written the same appear once.
std::string unitedList(std::string_view first, const std::vector<std::string_view>& elements,
                       bool once);

// The Warnings of all nodes, each once. One that not all nodes have begins with the names of those
// who have it. `warnings`: of each answer the JSON of that member.
std::string unitedWarnings(std::span<const NodeAnswer> answers,
                           const std::vector<std::string_view>& warnings);

}  // namespace catalog
