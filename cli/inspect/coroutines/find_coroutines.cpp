#include "coroutines/find_coroutines.hpp"

#include <algorithm>

#include "coroutines/await_edges.hpp"
#include "coroutines/coroutine_functions.hpp"
#include "coroutines/frame_looks.hpp"
#include "coroutines/frame_scan.hpp"
#include "coroutines/frame_values.hpp"

namespace tasks::inspect {

namespace {

constexpr std::uint32_t assumed_bytes = 256;
constexpr std::uint64_t arena_from = 64u << 10; ///< bytes of a piece of the heap in which many frames may lie
constexpr std::uint32_t no_function = ~0u;

class Finding {
public:
    Finding(ModuleMap& modules, const ProcessMemory& memory, const ScanOptions& options)
        : memory_(memory), options_(options), functions_(modules, options.cache), values_(memory) {}

    CoroutineList run(std::span<const MemoryRange> ranges);

private:
    void scan(std::span<const MemoryRange> ranges);
    void list_frames();
    std::vector<FrameNode> nodes();
    void drop(const std::vector<bool>& kept, std::vector<FrameNode>& nodes);
    CoroutineFrame frame_of(const FoundFrame& found, const FrameNode& node);
    void add_values(CoroutineFrame& frame, std::uint32_t code);
    std::uint32_t function_of(std::uint32_t code);

    const ProcessMemory& memory_;
    const ScanOptions& options_;
    CoroutineFunctions functions_;
    FrameValues values_;
    std::vector<FoundFrame> found_;
    std::vector<std::uint32_t> listed_; ///< by the number of the code: its place in the list
    CoroutineList list_;
};

std::uint32_t Finding::function_of(std::uint32_t code) {
    if (listed_.size() <= code)
        listed_.resize(code + 1, no_function);
    if (listed_[code] == no_function) {
        listed_[code] = static_cast<std::uint32_t>(list_.functions.size());
        list_.functions.push_back(functions_.facts(code));
    }
    return listed_[code];
}

void Finding::scan(std::span<const MemoryRange> ranges) {
    auto result = scan_for_frames(functions_.addresses(), memory_, ranges, {options_.limit, options_.progress});
    found_ = std::move(result.frames);
    if (options_.place_of)
        std::erase_if(found_, [this](FoundFrame& frame) {
            if (frame.place.state == HeapPlace::State::unknown)
                frame.place = options_.place_of(frame.address);
            return frame.place.state == HeapPlace::State::freed;
        });
    list_.scanned_bytes = result.scanned_bytes;
    list_.unscanned_bytes = result.unscanned_bytes;
}

std::vector<FrameNode> Finding::nodes() {
    std::vector<FrameNode> nodes(found_.size());
    for (std::size_t i = 0; i < found_.size(); ++i) {
        const FoundFrame& found = found_[i];
        const FrameLayout& layout = functions_.shape(found.match.code).layout;
        FrameNode& node = nodes[i];
        node.address = found.address;
        const bool own_chunk = found.place.state == HeapPlace::State::in_use && found.place.start == found.address;
        node.firm_size = layout.size.has_value() || own_chunk;
        std::uint64_t bytes = layout.size.value_or(own_chunk ? found.place.bytes : assumed_bytes);
        if (!node.firm_size && i + 1 < found_.size())
            bytes = std::min(bytes, found_[i + 1].address - found.address);
        node.bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, FrameDebug::largest_frame));
        node.elided = found.match.cleanup;
        node.own_chunk = own_chunk && !node.elided;
        node.promise = layout.promise ? layout.promise->offset : usual_promise_offset;
        node.promise_end = layout.promise ? layout.promise->offset + layout.promise->bytes : 0;
        node.promise_is_guess = !layout.promise;
    }
    return nodes;
}

// A frame of g++ has its own address in it, wherever it is; a copy has another's. One that has finished shows little
// else.
bool is_proven(const FoundFrame& frame, const FrameNode& node) {
    if (frame.on_stack)
        return node.has_self_handle;
    return node.has_self_handle || !node.finished || node.own_chunk || frame.match.cleanup;
}

bool lies_in_something_else(const FoundFrame& frame, const FrameNode& node) {
    constexpr std::uint64_t most_around = 16; // bytes that an allocator over malloc adds at each end
    const auto before = frame.address - frame.place.start;
    const auto rest = frame.place.bytes - before;
    const bool fits = before <= most_around && (!node.firm_size || rest <= node.bytes + 2 * most_around);
    return !fits && frame.place.bytes > 0 && frame.place.bytes < arena_from;
}

// Memory is given out again without being cleaned: a frame that allocated itself lies in no other frame, and one that
// did not lies in one. There one that has finished has most often been destroyed too, which shows nowhere; it has no
// memory of its own to leak. So it has been in what malloc gave out for something else, such as a block of a deque.
bool is_left_over(const FoundFrame& frame, const FrameNode& node, const AwaitEdge& edge) {
    if (edge.inside != AwaitEdge::none)
        return !frame.match.cleanup || frame.match.finished;
    if (frame.on_stack || frame.place.state != HeapPlace::State::in_use)
        return false;
    return frame.match.cleanup || (frame.match.finished && lies_in_something_else(frame, node));
}

void Finding::drop(const std::vector<bool>& kept, std::vector<FrameNode>& nodes) {
    std::vector<std::uint32_t> renamed(nodes.size(), no_function);
    std::size_t count = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i)
        if (kept[i]) {
            renamed[i] = static_cast<std::uint32_t>(count);
            if (count != i) {
                nodes[count] = std::move(nodes[i]);
                found_[count] = found_[i];
            }
            ++count;
        }
    nodes.resize(count);
    found_.resize(count);
    for (FrameNode& node : nodes) {
        std::erase_if(node.edges, [&](const FrameEdge& edge) { return renamed[edge.frame] == no_function; });
        for (FrameEdge& edge : node.edges)
            edge.frame = renamed[edge.frame];
    }
}

CoroutineFrame Finding::frame_of(const FoundFrame& found, const FrameNode& node) {
    CoroutineFrame frame;
    frame.address = found.address;
    frame.size = node.firm_size ? node.bytes : 0;
    frame.mark = node.firm_size ? node.mark : 0; // else others' bytes may be in it
    frame.function = function_of(found.match.code);
    frame.state = node.finished ? protocol::State::done : protocol::State::waiting;
    const SuspendPoints& points = functions_.points(found.match.code);
    if (node.has_index || !points.index)
        frame.point = points.at(static_cast<std::uint32_t>(node.index));
    frame.inferred = !node.own_chunk || found.match.ambiguous;
    if (options_.explain && (options_.arguments || options_.locals))
        add_values(frame, found.match.code);
    return frame;
}

void Finding::list_frames() {
    auto frames = nodes();
    std::vector<const FrameShape*> shapes;
    shapes.reserve(found_.size());
    list_.frames.reserve(found_.size());
    for (const FoundFrame& found : found_)
        shapes.push_back(&functions_.shape(found.match.code));
    FrameLooks looks{memory_, shapes, frames};
    auto kept = looks.run(options_.explain ? FrameLooks::usual_looks : 1);
    list_.at_work = looks.at_work();
    list_.dropped = static_cast<std::uint64_t>(std::count(kept.begin(), kept.end(), false));
    for (std::size_t i = 0; i < frames.size(); ++i)
        kept[i] = kept[i] && is_proven(found_[i], frames[i]);
    drop(kept, frames);
    auto edges = await_edges(frames);
    kept.assign(frames.size(), true);
    for (std::size_t i = 0; i < frames.size(); ++i)
        kept[i] = !is_left_over(found_[i], frames[i], edges[i]);
    if (std::find(kept.begin(), kept.end(), false) != kept.end()) {
        drop(kept, frames);
        edges = await_edges(frames);
    }
    const auto address = [&](std::uint32_t number) { return number == AwaitEdge::none ? 0 : frames[number].address; };
    for (std::size_t i = 0; i < frames.size(); ++i) {
        auto frame = frame_of(found_[i], frames[i]);
        frame.awaited_by = address(edges[i].awaited_by);
        frame.held_by = address(edges[i].held_by);
        frame.elided = edges[i].inside != AwaitEdge::none;
        frame.inferred = (frame.inferred && !frame.elided) || edges[i].inferred;
        list_.frames.push_back(std::move(frame));
    }
}

void Finding::add_values(CoroutineFrame& frame, std::uint32_t code) {
    if (functions_.shape(code).layout.members.empty())
        return;
    frame.values = values_.values(frame.address, functions_.shape(code).layout, functions_.types(code),
                                  {options_.arguments, options_.locals});
    // What was read may be another one's by now.
    std::uint64_t destroy = 0;
    const FrameShape& shape = functions_.shape(code);
    if (!memory_.read_value(frame.address + 8, destroy) || (destroy != shape.destroy && destroy != shape.cleanup))
        frame.values.clear();
}

CoroutineList Finding::run(std::span<const MemoryRange> ranges) {
    const std::uint64_t begin = options_.now_ns ? options_.now_ns() : 0;
    list_.problems = functions_.problems();
    if (!functions_.addresses().empty()) {
        scan(ranges);
        list_frames();
    }
    list_.skew_ns = options_.now_ns ? options_.now_ns() - begin : 0;
    return std::move(list_);
}

} // namespace

CoroutineList find_coroutines(ModuleMap& modules, const ProcessMemory& memory, std::span<const MemoryRange> ranges,
                              const ScanOptions& options) {
    return Finding{modules, memory, options}.run(ranges);
}

} // namespace tasks::inspect
