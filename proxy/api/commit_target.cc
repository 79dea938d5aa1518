#include "proxy/api/commit_target.h"

#include "base/url.h"
#include "docker/asked_image.h"

namespace proxy {

std::string commitTarget(std::string_view target, const catalog::LabelList& labels) {
  std::string result(target);
  for (const char* key : {"com.docker.swarm.constraints", "com.docker.swarm.affinities",
                          "com.docker.swarm.reschedule-policies", "com.docker.swarm.whitelists",
                          docker::askedImageLabel.data()}) {
    if (!catalog::findLabel(labels, key)) continue;
    std::string change =
        std::string("LABEL ") + key + (key == docker::askedImageLabel ? "=" : "=[]");
    result += (result.find('?') == result.npos ? "?changes=" : "&changes=") +
              base::encodeQueryValue(change);
  }
  return result;
}

}  // namespace proxy
