#include "docker/image_pull.h"

#include "base/url.h"
#include "docker/heads.h"
#include "docker/image_reference.h"

namespace docker {
namespace {

constexpr base::milliseconds pullTimeout(3600 * 1000);
constexpr size_t maxProgress = 16 * 1024 * 1024;

}  // namespace

base::HttpCall pullCall(const std::string& image, std::string headers) {
  base::HttpCall call;
  call.method = "POST";
  call.target = "/images/create?fromImage=" + base::encodeQueryValue(listedImageName(image));
  call.headers = std::move(headers);
  call.timeout = pullTimeout;
  call.maxAnswer = maxProgress;
  call.idempotent = false;
  return call;
}

base::Status pulled(const base::HttpReply& reply) {
  if (reply.status != 200) return base::Status::failed(errorMessage(reply.body));
  std::string error = progressError(reply.body);
  return error.empty() ? base::Status() : base::Status::failed(std::move(error));
}

base::Task<base::Status> pullImage(LocalEngine& local, std::string image, std::string headers) {
  base::HttpCall call = pullCall(image, std::move(headers));
  base::HttpReply reply = co_await local.change(std::move(call), Effect::containers, "");
  co_return pulled(reply);
}

}  // namespace docker
