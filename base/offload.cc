#include "base/offload.h"

#include <uv.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace base {
namespace {

// Owned by libuv while it runs, and by who waits for it.
struct Job {
  std::function<void()> work;
  std::exception_ptr fault;
  Event done;
};

struct Request {
  uv_work_t work;
  std::shared_ptr<Job> job;
};

}  // namespace

Task<> runOffLoop(Loop& loop, std::function<void()> work) {
  auto job = std::make_shared<Job>();
  job->work = std::move(work);
  Request* request = new Request{{}, job};
  request->work.data = request;
  int failed = uv_queue_work(
      loop.uv(), &request->work,
      [](uv_work_t* queued) {
        Job& job = *static_cast<Request*>(queued->data)->job;
        try {
          job.work();
        } catch (...) {
          job.fault = std::current_exception();
        }
      },
      [](uv_work_t* done, int) {
        Loop::of(done->loop).inTurn();
        std::unique_ptr<Request> request(static_cast<Request*>(done->data));
        request->job->done.fire();
      });
  if (failed) {
    delete request;
    throw std::runtime_error(std::string("cannot queue work: ") + uv_strerror(failed));
  }
  co_await job->done.wait();
  if (job->fault) std::rethrow_exception(job->fault);
}

}  // namespace base
