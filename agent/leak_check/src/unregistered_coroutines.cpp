#include "unregistered_coroutines.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <mutex>

#include "analysis/coroutine_chains.hpp"
#include "analysis/running_coroutines.hpp"
#include "capture/memory_watch.hpp"
#include "coroutines/find_coroutines.hpp"
#include "coroutines/heap_chunks.hpp"
#include "coroutines/page_buffer.hpp"
#include "own_memory.hpp"
#include "own_process.hpp"
#include "unwind/unwinder.hpp"
#include "watched_threads.hpp"

extern "C" {
[[gnu::weak]] int __sanitizer_get_ownership(const volatile void* pointer);
[[gnu::weak]] std::size_t __sanitizer_get_allocated_size(const volatile void* pointer);
}

namespace tasks::leaks {
namespace {

using inspect::CoroutineFrame;
using inspect::CoroutineList;
using inspect::HeapPlace;

/// A frame begins with the two functions; 0 where it cannot be read.
CoroutineKey key_at(std::uint64_t frame) {
    std::array<std::uint64_t, 2> words{};
    copy_own(frame, {reinterpret_cast<char*>(words.data()), sizeof words});
    return {frame, words[1], words[0]};
}

/// Which piece of memory a frame lies in, where the scan did not tell: it goes through a heap from its start, and loses
/// its way where pages were never written. Here the row of pieces is followed from the frame on.
HeapPlace place_by_headers(std::uint64_t frame, const std::vector<inspect::MemoryRange>& ranges) {
    constexpr std::uint64_t header = 16;
    constexpr std::size_t most_bytes = 64u << 10;
    const auto after = std::ranges::upper_bound(ranges, frame, {}, &inspect::MemoryRange::start);
    if (after == ranges.begin() || frame - header < (after - 1)->start)
        return {};
    const inspect::PageBuffer words{most_bytes / 8};
    const std::size_t got = copy_own(frame - header, words.bytes()) / 8;
    inspect::HeapChunks chunks;
    chunks.begin(frame - header, std::max((after - 1)->end, (after - 1)->mapping_end));
    chunks.ask(frame);
    chunks.feed(frame - header, {words.data(), got});
    return chunks.end().front();
}

/// A sanitizer's pieces have no headers, but its allocator tells where they begin.
HeapPlace place_by_sanitizer(std::uint64_t frame) {
    const auto* at = reinterpret_cast<const volatile void*>(frame);
    const std::size_t bytes = __sanitizer_get_ownership(at) == 0 ? 0 : __sanitizer_get_allocated_size(at);
    return bytes == 0 ? HeapPlace{} : HeapPlace{HeapPlace::State::in_use, frame, bytes};
}

HeapPlace place_of(std::uint64_t frame, const std::vector<inspect::MemoryRange>& ranges) {
    const bool sanitized = __sanitizer_get_ownership != nullptr && __sanitizer_get_allocated_size != nullptr;
    return sanitized ? place_by_sanitizer(frame) : place_by_headers(frame, ranges);
}

std::string size_words(std::uint64_t bytes) {
    constexpr std::uint64_t mib = 1 << 20;
    return bytes < mib ? std::to_string(bytes) + " bytes" : std::to_string(bytes / mib) + " MiB";
}

CoroutineList scan(inspect::ModuleMap& modules, const std::vector<inspect::MemoryRange>& ranges, bool explain) {
    CoroutineList list;
    // What a thread that hangs in a read goes on to use must not go away.
    const auto memory = std::make_shared<const OwnMemory>();
    inspect::ScanOptions options;
    options.explain = explain;
    options.place_of = [&ranges](std::uint64_t frame) { return place_of(frame, ranges); };
    bool whole = false;
    for (inspect::MemoryWatch watch; !whole && !watch.gave_up();) { // a machine may be too busy for a read in time
        const auto found = std::make_shared<CoroutineList>();
        whole = watch.run([&modules, found, memory, ranges, options] {
            const UnwatchedMakings own;
            *found = inspect::find_coroutines(modules, *memory, ranges, options);
        });
        if (whole)
            list = std::move(*found);
    }
    if (!whole)
        list.problems.push_back("coroutines that nobody registers are not known: reading our memory hung");
    if (list.unscanned_bytes != 0)
        list.problems.push_back("coroutines that nobody registers were not looked for in " +
                                size_words(list.unscanned_bytes) + " of memory");
    return list;
}

/// One look with all that the judgement needs.
class Look {
public:
    explicit Look(bool explain)
        : world_(inspect::this_machine(clock_)), snapshot_(capture_tables(world_)),
          modules_(snapshot_.modules, {.pid = snapshot_.process.pid}), ranges_(own_written_memory(world_)) {
        snapshot_.coroutines = scan(modules_, ranges_, explain);
        judge();
    }

    const std::vector<CoroutineKey>& keys() const noexcept { return keys_; }
    const std::vector<CoroutineKey>& unsure() const noexcept { return unsure_; }

    Unregistered told(const std::function<bool(const CoroutineKey&)>& wanted) {
        Unregistered told;
        if (std::ranges::any_of(keys_, wanted)) {
            find_running();
            take_chains(wanted, told);
        }
        std::ranges::copy_if(unsure_, std::back_inserter(told.unsure), wanted);
        told.problems = std::move(snapshot_.coroutines->problems);
        return told;
    }

private:
    const std::vector<CoroutineFrame>& frames() const noexcept { return snapshot_.coroutines->frames; }

    /// What is not sure has no part in a chain either: a copy of a frame would hold the frame itself.
    void judge() {
        auto& list = *snapshot_.coroutines;
        std::erase_if(list.frames, [&](CoroutineFrame& frame) {
            CoroutineKey key = key_at(frame.address);
            if (key.resume != 0 && key.resume != list.functions[frame.function].resume)
                return true; // gone meanwhile
            key.sure = frame.elided || !frame.inferred || fills_its_place(frame.address);
            (key.sure ? keys_ : unsure_).push_back(key);
            frame.inferred = frame.inferred && frame.awaited_by != 0; // it was for its memory
            return !key.sure;
        });
    }

    bool fills_its_place(std::uint64_t frame) const {
        const HeapPlace place = place_of(frame, ranges_);
        return place.state == HeapPlace::State::in_use && place.start == frame;
    }

    void find_running() {
        capture_threads(world_, snapshot_);
        inspect::Unwinder unwinder{modules_};
        static const std::vector<inspect::Frame> no_names;
        const auto nameless = [](std::uint64_t, bool) -> const std::vector<inspect::Frame>& { return no_names; };
        inspect::find_running(
            snapshot_,
            {[&unwinder](const inspect::ThreadFacts& thread) { return unwinder.unwind(thread); }, nameless, nameless});
    }

    void take_chains(const std::function<bool(const CoroutineKey&)>& wanted, Unregistered& told) {
        const inspect::CoroutineChains chains{snapshot_};
        std::vector<bool> kept(frames().size());
        for (const std::uint32_t innermost : chains.innermost()) {
            const auto chain = chains.chain(innermost, true);
            const auto outermost = chain.back();
            if (chains.innermost_task(innermost) != nullptr || !wanted(keys_[outermost]))
                continue;
            told.tasks.push_back(keys_[outermost]);
            for (const std::uint32_t each : chain)
                kept[each] = true;
        }
        told.list.functions = snapshot_.coroutines->functions;
        for (std::size_t at = 0; at < kept.size(); ++at)
            if (kept[at])
                told.list.frames.push_back(frames()[at]);
    }

    inspect::SystemClock clock_;
    inspect::World world_;
    inspect::Snapshot snapshot_;
    inspect::ModuleMap modules_;
    std::vector<inspect::MemoryRange> ranges_;
    std::vector<CoroutineKey> keys_; ///< by frame
    std::vector<CoroutineKey> unsure_;
};

/// Of tests in parallel: one's copy of a frame is none of another one's.
std::mutex& one_at_a_time() {
    static std::mutex& mutex = *new std::mutex;
    return mutex;
}

} // namespace

CoroutineKeys all_coroutine_frames() {
    const UnwatchedMakings own;
    const std::lock_guard lock{one_at_a_time()};
    const Look look{false};
    CoroutineKeys keys{look.keys().begin(), look.keys().end()};
    keys.insert(look.unsure().begin(), look.unsure().end());
    return keys;
}

Unregistered unregistered_coroutines(const std::function<bool(const CoroutineKey&)>& wanted, bool explain) {
    const UnwatchedMakings own;
    const std::lock_guard lock{one_at_a_time()};
    return Look{explain}.told(wanted);
}

bool is_there(const CoroutineKey& key) {
    const CoroutineKey now = key_at(key.frame);
    return now == key && (now.resume == key.resume || now.resume == 0);
}

} // namespace tasks::leaks
