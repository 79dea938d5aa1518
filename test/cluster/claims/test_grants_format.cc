// The file of grants is frozen: one of then is read, and written so today.

#include <criterion/criterion.h>

#include <string>

#include "cluster/ca/cluster_config.h"
#include "cluster/claims/grant_log.h"
#include "cluster/wire.pb.h"
#include "test/golden.h"

using namespace cluster;

namespace {

const std::string boot = "2b6dc3d5-6a83-4a0f-9a43-4d2f3c1a2b3c";
constexpr Time now{50'000}, booted{1'000'000};

NodeId node(char letter) {
  return *NodeId::parse(std::string(NodeId::length, letter));
}

const KeptGrant web = {"name/web", "holder", node('b'), Time(55'000)};
const KeptGrant data = {"volume/data", "other", node('c'), Time(59'000)};

std::string fileThen() {
  std::string hex = test::golden("grants");
  return *fromHex(hex.substr(0, hex.find('\n')));
}

}  // namespace

Test(grants_format, the_file_is_written_as_it_was) {
  std::string today = grantsFile(boot, node('a'), now, booted, {web, data});
  test::expectGolden("grants", toHex(today) + "\n");
}

Test(grants_format, what_was_granted_then_is_read) {
  std::optional<std::vector<KeptGrant>> read = readGrants(fileThen(), boot, node('a'), now, booted);
  cr_assert(read);
  cr_expect(*read == (std::vector<KeptGrant>{web, data}));
}

// Who cannot read it has granted, as far as he knows, what he is not to grant again: as after a
// reboot.
Test(grants_format, one_of_another_version_tells_nothing) {
  wire::GrantNote head;
  head.set_boot(boot);
  head.set_node(std::string(node('a').text()));
  for (uint32_t version : {0u, 1u, 2u}) {
    head.set_version(version);
    std::string bytes = head.SerializeAsString();
    std::string file =
        std::string(1, static_cast<char>(bytes.size())) + std::string(3, '\0') + bytes;
    cr_expect_eq(readGrants(file, boot, node('a'), now, booted).has_value(), version == 1, "%u",
                 version);
  }
}
