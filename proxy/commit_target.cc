#include "proxy/commit_target.h"

#include "proxy/asked_image.h"
#include "proxy/list_query.h"

namespace proxy {

std::string commitTarget(std::string_view target, const LabelList& labels) {
  std::string result(target);
  for (const char* key : {"com.docker.swarm.constraints", "com.docker.swarm.affinities",
                          "com.docker.swarm.reschedule-policies", "com.docker.swarm.whitelists",
                          askedImageLabel.data()}) {
    if (!findLabel(labels, key)) continue;
    std::string change = std::string("LABEL ") + key + (key == askedImageLabel ? "=" : "=[]");
    result +=
        (result.find('?') == result.npos ? "?changes=" : "&changes=") + encodeQueryValue(change);
  }
  return result;
}

}  // namespace proxy
