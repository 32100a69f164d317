#include "coroutines/frame_looks.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "coroutines/page_buffer.hpp"

namespace tasks::inspect {

namespace {

constexpr std::size_t batch_bytes = 128u << 10;
constexpr std::size_t batch_parts = 256;
constexpr std::uint64_t widest_gap = 512; // as long to copy as another part takes
constexpr std::size_t most_edges = 256;   // of one frame: a buffer of handles in it
constexpr std::size_t most_selves = 16;

std::uint64_t number_at(std::span<const std::uint64_t> words, const FrameField& field) {
    std::uint64_t value = 0;
    if (field.bytes <= sizeof value && field.offset + field.bytes <= words.size_bytes())
        std::memcpy(&value, reinterpret_cast<const char*>(words.data()) + field.offset, field.bytes);
    return value;
}

std::uint64_t mark_of(std::span<const std::uint64_t> words) {
    std::uint64_t mark = words.size();
    for (const std::uint64_t word : words)
        mark = (std::rotl(mark, 23) ^ word) * 0x9e3779b97f4a7c15u;
    return mark;
}

bool same(const FrameNode& a, const FrameNode& b) {
    return a.index == b.index && a.finished == b.finished && a.promise_end == b.promise_end && a.edges == b.edges &&
           a.selves == b.selves;
}

} // namespace

FrameLooks::FrameLooks(const ProcessMemory& memory, std::span<const FrameShape* const> shapes,
                       std::vector<FrameNode>& nodes)
    : memory_(memory), shapes_(shapes), nodes_(nodes), addresses_(nodes) {}

// False: it is no frame of that function any more.
bool FrameLooks::look(std::uint32_t number, std::span<const std::uint64_t> words, FrameNode& seen) const {
    const FrameShape& shape = *shapes_[number];
    if (words.size() < 2 || (words[0] != shape.resume && words[0] != 0) ||
        (words[1] != shape.destroy && words[1] != shape.cleanup))
        return false;
    seen.finished = words[0] == 0;
    seen.edges.clear();
    seen.selves.clear();
    const auto self = shape.compiler->promise_end(seen.address, words);
    seen.has_self_handle = self.has_value();
    if (!shape.layout.promise && self)
        seen.promise_end = *self;
    seen.has_index = shape.layout.index && shape.layout.index->offset + shape.layout.index->bytes <= words.size_bytes();
    seen.index = seen.has_index ? number_at(words, *shape.layout.index) : 0;
    const auto add = [&](std::size_t i) {
        const auto offset = static_cast<std::uint32_t>(i * 8);
        if (offset < seen.promise_end && offset + 8 > seen.promise_end) // an empty promise, and what nobody wrote
            return;
        const auto target = words[i] == seen.address ? FrameAddresses::Target{number, FrameEdge::To::frame}
                                                     : addresses_.at(words[i], number);
        if (target) {
            if (target->frame != number)
                seen.edges.push_back({offset, target->frame, target->to, 0});
            else if (offset != self && seen.selves.size() < most_selves)
                seen.selves.push_back(offset);
        } else if (seen.in_promise(offset)) {
            const auto inside = addresses_.around(words[i]);
            if (inside && *inside != number)
                seen.edges.push_back({offset, *inside, FrameEdge::To::inside,
                                      static_cast<std::uint32_t>(words[i] - nodes_[*inside].address)});
        }
    };
    for (std::size_t i = 2; i < words.size() && seen.edges.size() < most_edges; ++i)
        if (addresses_.all().has(words[i]))
            add(i);
    return true;
}

// Of what is read of it.
std::uint64_t FrameLooks::part_end(std::uint32_t number) const noexcept {
    const FrameNode& node = nodes_[number];
    return node.address + (std::min(node.bytes, most_bytes) & ~7u);
}

// Calls `visit` with the number of each frame and the words of it that could be read.
template <class Visit> void FrameLooks::read_each(std::span<const std::uint32_t> numbers, Visit&& visit) const {
    const PageBuffer buffer{(batch_bytes + widest_gap + most_bytes) / 8};
    std::vector<MemoryPart> parts;
    std::vector<std::size_t> part_of; // by number from `first` on
    for (std::size_t first = 0; first < numbers.size();) {
        parts.clear();
        part_of.clear();
        std::size_t bytes = 0;
        for (std::size_t next = first; next < numbers.size() && bytes < batch_bytes; ++next) {
            const std::uint64_t start = nodes_[numbers[next]].address;
            const std::uint64_t end = part_end(numbers[next]);
            const std::uint64_t last_end = parts.empty() ? 0 : parts.back().address + parts.back().bytes;
            const bool joins =
                !parts.empty() && start <= last_end + widest_gap && end - parts.back().address < batch_bytes;
            if (!joins && parts.size() == batch_parts)
                break;
            if (!joins)
                parts.push_back({start, 0, 0});
            const auto more = std::max(end, joins ? last_end : start) - (joins ? last_end : start);
            parts.back().bytes += more;
            bytes += more;
            part_of.push_back(parts.size() - 1);
        }
        memory_.read_parts(parts, buffer.bytes().first(bytes));
        std::size_t part = 0;
        const std::uint64_t* begin = buffer.data(); // of the part
        for (const std::size_t its : part_of) {
            for (; part < its; ++part)
                begin += parts[part].bytes / 8;
            const std::uint32_t number = numbers[first++];
            const std::size_t got = parts[part].got / 8;
            const std::size_t from = std::min((nodes_[number].address - parts[part].address) / 8, got);
            const std::size_t to = std::min((part_end(number) - parts[part].address) / 8, got);
            visit(number, std::span{begin + from, begin + to});
        }
    }
}

// True: nothing has changed since the last look.
bool FrameLooks::look_again(std::uint32_t number, std::span<const std::uint64_t> words) {
    const auto mark = mark_of(words);
    if (mark == nodes_[number].mark)
        return true;
    FrameNode seen = nodes_[number];
    seen.mark = mark;
    const bool still = look(number, words, seen);
    const bool agreed = there_[number] == still && (!still || same(nodes_[number], seen));
    nodes_[number] = std::move(seen);
    there_[number] = still;
    return agreed;
}

std::vector<bool> FrameLooks::run(int most_looks) {
    there_.resize(nodes_.size());
    std::vector<std::uint32_t> numbers(nodes_.size());
    std::iota(numbers.begin(), numbers.end(), 0u);
    read_each(numbers, [&](std::uint32_t number, std::span<const std::uint64_t> words) {
        there_[number] = look(number, words, nodes_[number]);
        if (most_looks > 1)
            nodes_[number].mark = mark_of(words);
    });
    if (most_looks == 1)
        return std::move(there_);
    for (int looks = 1; looks < most_looks && !numbers.empty(); ++looks) {
        std::vector<std::uint32_t> changed;
        read_each(numbers, [&](std::uint32_t number, std::span<const std::uint64_t> words) {
            if (!look_again(number, words))
                changed.push_back(number);
        });
        numbers = std::move(changed);
    }
    for (const std::uint32_t number : numbers) {
        if (there_[number])
            at_work_.push_back(nodes_[number].address);
        there_[number] = false;
    }
    return std::move(there_);
}

} // namespace tasks::inspect
