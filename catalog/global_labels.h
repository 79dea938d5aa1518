#pragma once

// The labels by which the containers of a global group are known, on the engines' own objects, so
// that nothing else has to be remembered. Pure.
//
// A group is named by the id of the container that a client made, the original. A copy says in
// io.drover.global.of whose it is, and in io.drover.global.from where the original was when the
// copy was made: `<cluster>/<node>/<suffix>`. Its name is the original's with the suffix, the
// name of its node. An original that came in the place of one whose node is gone has the first of
// these labels only.
//
// Sidekicks of a global container (global_sidekicks.h) are global with it, though their own labels
// do not ask for that: what is made of them names its primary's group in io.drover.global.beside.
//
// A copy's com.docker.compose.* labels are set aside under io.drover.global.label.*: Compose finds
// containers by them, and would count copies, scale them down and remove them by itself.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/container_record.h"

namespace catalog {

// What its labels say of a container.
struct GlobalMark {
  std::string group;  // id of the first original; empty for one that is it
  // Of copies; all empty for originals.
  std::string cluster;  // whose
  std::string home;     // id of the node that had the original
  std::string suffix;   // of its name, with the dot
  // Of what is made of a sidekick: the group of its primary.
  std::string beside = {};

  bool isCopy() const { return !suffix.empty(); }
  bool operator==(const GlobalMark&) const = default;
};

// 64 hexadecimal digits, as engines give.
bool isContainerId(std::string_view text);

// Nothing for a container that is in no group, such as one named unlike a copy: whatever is made of
// a copy's image, or was renamed by hand, is nobody's copy.
std::optional<GlobalMark> globalMark(const LabelList& labels, std::string_view name);

// The suffix for a node of this name: what may not stand in a container's name becomes '_'. `id` is
// added where another node has that name.
std::string globalSuffix(std::string_view nodeName, std::string_view id, bool isShared);

// Makes the original's spec one of a copy. What the engine would do with the original when it
// ends (--rm) is not for copies.
void makeCopy(docker::CreateRequest& spec, const GlobalMark& mark);

// Makes a spec what a client would have asked for: without the labels that we added, and with
// those that were set aside.
void makePlain(docker::CreateRequest& spec);

// Makes a copy's spec that of the next original of its group.
void makeOriginal(docker::CreateRequest& spec, const GlobalMark& mark);

// The key under which the label was before it was set aside; the key itself if it was not.
std::string_view shownLabel(std::string_view key);

// Whether the engine starts a container with this spec again whenever it ends.
bool restartsAlways(const docker::CreateRequest& spec);

}  // namespace catalog
