#include "capture/perf_samples.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include <linux/perf_event.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "capture/perf_records.hpp"

namespace tasks::inspect {
namespace {

using Outcome = RunningSample::Outcome;

constexpr std::size_t page_bytes = 4096;
constexpr std::uint64_t period_ns = 10'000;     ///< of processor time; the kernel takes no less
constexpr std::size_t most_asked = 512;         ///< at a time: 18 MiB of rings
constexpr std::uint32_t most_stack = 63 * 1024; ///< a record is shorter than 64 KiB
constexpr std::size_t beside_stack = 512;       ///< of a record

/// A ring: a page that tells its ends, then the records.
class Ring {
public:
    Ring() = default;
    Ring(int event, std::size_t data_bytes)
        : bytes_(data_bytes),
          memory_(::mmap(nullptr, page_bytes + bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, event, 0)) {}
    Ring(Ring&& other) noexcept : bytes_(other.bytes_), memory_(std::exchange(other.memory_, MAP_FAILED)) {}
    Ring& operator=(Ring&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(memory_, other.memory_);
        return *this;
    }
    ~Ring() {
        if (*this) {
            ::munmap(memory_, page_bytes + bytes_);
        }
    }

    explicit operator bool() const noexcept { return memory_ != MAP_FAILED; }

    /// What the kernel has written since the last time.
    std::string take() const {
        auto& page = *static_cast<perf_event_mmap_page*>(memory_);
        const auto head = std::atomic_ref{page.data_head}.load(std::memory_order_acquire);
        const auto tail = page.data_tail;
        std::string taken;
        if (head - tail <= bytes_) { // else it is not what a kernel writes
            const auto* data = static_cast<const char*>(memory_) + page_bytes;
            const auto from = static_cast<std::size_t>(tail) & (bytes_ - 1);
            const auto count = static_cast<std::size_t>(head - tail);
            const auto straight = std::min(count, bytes_ - from);
            taken.reserve(count);
            taken.append(data + from, straight).append(data, count - straight);
        }
        std::atomic_ref{page.data_tail}.store(head, std::memory_order_release);
        return taken;
    }

private:
    std::size_t bytes_ = 0; ///< of records: a power of two
    void* memory_ = MAP_FAILED;
};

/// Others may free it: descriptors, locked memory.
bool is_shortage(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM || error == EPERM; }

perf_event_attr attributes_of(std::uint32_t stack_bytes, bool user_code_alone) {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_SOFTWARE;
    attributes.config = PERF_COUNT_SW_TASK_CLOCK;
    attributes.sample_period = period_ns;
    attributes.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
    attributes.sample_regs_user = perf_register_mask();
    attributes.sample_stack_user = stack_bytes;
    attributes.exclude_kernel = user_code_alone ? 1 : 0;
    attributes.exclude_hv = 1;
    attributes.disabled = 1;
    attributes.wakeup_events = 1;
    attributes.use_clockid = 1;
    attributes.clockid = CLOCK_MONOTONIC;
    return attributes;
}

/// Counts until one sample has been written.
int arm(int event) { return ::ioctl(event, PERF_EVENT_IOC_REFRESH, 1) == 0 ? 0 : errno; }

void take_sample(const PerfSample& taken, RunningSample& into) {
    into.outcome = taken.foreign ? Outcome::foreign : Outcome::captured;
    into.taken_at_ns = taken.time_ns;
    into.registers = taken.registers;
    into.stack = taken.stack;
    into.stack_cut = taken.stack_cut;
}

} // namespace

struct PerfSamples::Asked {
    RunningSample* sample = nullptr;
    FileDescriptor event;
    Ring ring;
};

PerfSamples::PerfSamples(std::span<RunningSample> samples, std::uint32_t stack_bytes)
    : samples_(samples), stack_bytes_(std::min(stack_bytes, most_stack) / 8 * 8),
      ring_bytes_(std::bit_ceil(std::max(page_bytes, stack_bytes_ + beside_stack))) {}

PerfSamples::~PerfSamples() = default;

int PerfSamples::start() { return ask_more(); }

/// The descriptor, or a negative errno.
int PerfSamples::open_event(std::uint32_t tid) {
    for (;;) {
        auto attributes = attributes_of(stack_bytes_, user_code_alone_);
        const auto event =
            ::syscall(SYS_perf_event_open, &attributes, static_cast<pid_t>(tid), -1, -1, PERF_FLAG_FD_CLOEXEC);
        if (event >= 0) {
            return static_cast<int>(event);
        }
        if (user_code_alone_ || (errno != EACCES && errno != EPERM)) {
            return -errno;
        }
        user_code_alone_ = true;
    }
}

int PerfSamples::ask(RunningSample& sample) {
    const auto opened = open_event(sample.tid);
    if (opened == -ESRCH) {
        sample.outcome = Outcome::ended;
        return 0;
    }
    if (opened < 0) {
        return -opened;
    }
    FileDescriptor event{opened};
    Ring ring{event.get(), ring_bytes_};
    if (!ring) {
        return errno;
    }
    if (const auto error = arm(event.get())) {
        return error;
    }
    asked_.push_back({&sample, std::move(event), std::move(ring)});
    return 0;
}

/// As many as there is room for. An error: not even one can be asked.
int PerfSamples::ask_more() {
    for (; next_ < samples_.size() && asked_.size() < most_asked; ++next_) {
        auto& sample = samples_[next_];
        const auto error = sample.outcome == Outcome::unanswered ? ask(sample) : 0;
        if (error != 0 && (asked_.empty() || is_shortage(error))) {
            return asked_.empty() ? error : 0;
        }
        if (error != 0) {
            sample.outcome = Outcome::refused;
            sample.error = error;
        }
    }
    return 0;
}

void PerfSamples::take_answer(Asked& asked, bool ended) const {
    const auto written = asked.ring.take();
    std::string_view bytes{written};
    for (auto record = take_perf_record(bytes); !record.empty(); record = take_perf_record(bytes)) {
        const auto taken = parse_perf_sample(record);
        if (taken && (taken->has_registers || taken->foreign)) {
            take_sample(*taken, *asked.sample);
            return;
        }
    }
    if (ended) {
        asked.sample->outcome = Outcome::ended;
    } else if (!written.empty()) {
        arm(asked.event.get()); // a sample that tells nothing of the user's code
    }
}

void PerfSamples::wait(int most_ms) {
    std::erase_if(asked_, [](const Asked& asked) { return asked.sample->outcome != Outcome::unanswered; });
    if (const auto error = ask_more()) {
        samples_[next_].outcome = Outcome::refused;
        samples_[next_++].error = error;
    }
    std::vector<pollfd> events;
    for (const auto& asked : asked_) {
        events.push_back({asked.event.get(), POLLIN, 0});
    }
    if (events.empty() || ::poll(events.data(), events.size(), most_ms) <= 0) {
        return;
    }
    for (std::size_t at = 0; at < events.size(); ++at) {
        if (events[at].revents != 0) {
            take_answer(asked_[at], (events[at].revents & POLLHUP) != 0);
        }
    }
    std::erase_if(asked_, [](const Asked& asked) { return asked.sample->outcome != Outcome::unanswered; });
}

} // namespace tasks::inspect
