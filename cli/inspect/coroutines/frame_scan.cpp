#include "coroutines/frame_scan.hpp"

#include <algorithm>
#include <thread>

#include "coroutines/ordered_work.hpp"
#include "coroutines/page_buffer.hpp"

namespace tasks::inspect {

namespace {

// The two of a thread fill half of a core's second-level cache of 1 MiB. With 128 KiB two threads take a tenth longer,
// since the kernel is asked twice as often.
constexpr std::size_t block_bytes = 256u << 10;
constexpr std::size_t block_words = block_bytes / 8;
constexpr std::uint64_t page = 4096;
constexpr std::uint64_t widest_step = 1u << 20;
constexpr std::uint64_t progress_step = 256u << 20; // 50 ms of it
constexpr std::uint64_t worth_a_thread = 64u << 20; // 15 ms of it
constexpr std::size_t most_frames = 20'000'000;

struct Place {
    std::size_t range = 0;
    std::uint64_t address = 0;

    bool operator==(const Place&) const = default;
};

/// What is read at once.
struct Block {
    struct Candidate {
        std::size_t word;
        CodeAddresses::Match match;
    };

    Place place;
    Place next; ///< where the next one begins, if all of it can be read
    PageBuffer words;
    std::size_t got = 0; ///< words
    std::vector<Candidate> candidates;
};

// Blocks are read ahead by two threads, as if each could be read whole, and taken in by address.
class Scan {
public:
    Scan(const CodeAddresses& code, const ProcessMemory& memory, std::span<const MemoryRange> ranges,
         const ScanBudget& budget);

    ScanResult run();

private:
    bool begin(Block& block);
    void read(Block& block) const;
    void take(const Block& block);

    Place place(std::size_t range, std::uint64_t address) const;
    Place behind(const Place& from, std::size_t words) const;
    void go_to(const Place& place);
    void enter();
    void leave();
    bool enough();
    std::size_t within_limit(std::size_t words) const;
    void pass_over_hole();
    void found(std::uint64_t address, const CodeAddresses::Match& match);

    const CodeAddresses& code_;
    const ProcessMemory& memory_;
    const ScanBudget& budget_;
    std::vector<MemoryRange> ranges_;
    std::uint64_t total_ = 0;
    Place ahead_; ///< where the next block is read
    Place at_;    ///< where the next one is taken in
    HeapChunks chunks_;
    ScanResult result_;
    std::size_t placed_ = 0; ///< frames of the ranges before
    std::uint64_t step_ = page;
    std::uint64_t told_ = 0;
    bool stopped_ = false;
};

Scan::Scan(const CodeAddresses& code, const ProcessMemory& memory, std::span<const MemoryRange> ranges,
           const ScanBudget& budget)
    : code_(code), memory_(memory), budget_(budget), ranges_(ranges.begin(), ranges.end()) {
    std::sort(ranges_.begin(), ranges_.end(),
              [](const MemoryRange& a, const MemoryRange& b) { return a.start < b.start; });
    std::uint64_t known_to = 0; // broken lists may overlap
    for (MemoryRange& range : ranges_) {
        range.start = (std::max(range.start, known_to) + 7) & ~std::uint64_t{7};
        known_to = std::max(known_to, range.end);
        range.end &= ~std::uint64_t{7};
        range.mapping_end = std::max(range.end, range.mapping_end & ~std::uint64_t{7});
        total_ += range.end > range.start ? range.end - range.start : 0;
    }
    std::erase_if(ranges_, [](const MemoryRange& range) { return range.start >= range.end; });
    if (!ranges_.empty())
        at_ = ahead_ = {0, ranges_.front().start};
}

bool Scan::begin(Block& block) {
    if (stopped_ || ahead_.range == ranges_.size())
        return false;
    block.place = ahead_;
    block.got = 0;
    if (block.words.size() == 0)
        block.words = PageBuffer{block_words};
    block.next = ahead_ = behind(ahead_, block_words);
    return true;
}

void Scan::read(Block& block) const {
    const auto left = ranges_[block.place.range].end - block.place.address;
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(left, block_bytes));
    block.got = memory_.read(block.place.address, {reinterpret_cast<char*>(block.words.data()), bytes}) / 8;
    block.candidates.clear();
    if (block.got < 2)
        return;
    code_.for_each_candidate({block.words.data() + 1, block.got - 1}, [&](std::size_t i) {
        if (const auto match = code_.match(block.words[i], block.words[i + 1]))
            block.candidates.push_back({i, *match});
    });
}

// One that is not where it goes on was read too far ahead, of what had a hole.
void Scan::take(const Block& block) {
    if (block.place != at_ || enough())
        return;
    const std::size_t words = within_limit(block.got);
    if (words < 2) {
        pass_over_hole();
    } else {
        const auto address = at_.address;
        for (const auto& candidate : block.candidates)
            if (candidate.word + 1 < words)
                found(address + candidate.word * 8, candidate.match);
        chunks_.feed(address, {block.words.data(), words});
        step_ = page;
        const Place next = behind(at_, words);
        result_.scanned_bytes += (words - (next.range == at_.range ? 1 : 0)) * 8;
        go_to(next);
    }
    if (at_ != block.next)
        ahead_ = at_;
}

void Scan::found(std::uint64_t address, const CodeAddresses::Match& match) {
    result_.frames.push_back({address, match, ranges_[at_.range].is_stack, {}});
    chunks_.ask(address);
}

// Ever longer steps, or one of 1 TiB would never end.
void Scan::pass_over_hole() {
    const auto next = std::min(ranges_[at_.range].end, (at_.address & ~(page - 1)) + step_);
    result_.unscanned_bytes += next - at_.address;
    step_ = std::min(step_ * 2, widest_step);
    go_to(place(at_.range, next));
}

// Of that address, or where the next range begins.
Place Scan::place(std::size_t range, std::uint64_t address) const {
    if (address < ranges_[range].end)
        return {range, address};
    return {range + 1, range + 1 < ranges_.size() ? ranges_[range + 1].start : 0};
}

// The last word of a block may be the first of a frame: the next block has it too.
Place Scan::behind(const Place& from, std::size_t words) const {
    const auto end = from.address + words * 8;
    return end < ranges_[from.range].end ? Place{from.range, end - 8} : place(from.range, end);
}

void Scan::go_to(const Place& place) {
    const bool same_range = place.range == at_.range;
    if (!same_range)
        leave();
    at_ = place;
    if (!same_range)
        enter();
}

void Scan::enter() {
    if (at_.range == ranges_.size())
        return;
    chunks_.begin(at_.address, ranges_[at_.range].mapping_end);
    step_ = page;
}

// What the heap has to say about the frames of the range.
void Scan::leave() {
    const auto places = chunks_.end();
    std::size_t kept = placed_;
    for (std::size_t i = placed_; i < result_.frames.size(); ++i) {
        FoundFrame& frame = result_.frames[i];
        frame.place = places[i - placed_];
        if (frame.place.state == HeapPlace::State::freed)
            ++result_.freed;
        else
            result_.frames[kept++] = frame;
    }
    result_.frames.resize(kept);
    placed_ = kept;
}

bool Scan::enough() {
    stopped_ = stopped_ || result_.scanned_bytes >= budget_.limit || result_.frames.size() >= most_frames;
    if (budget_.progress && result_.scanned_bytes - told_ >= progress_step) {
        told_ = result_.scanned_bytes;
        stopped_ = stopped_ || !budget_.progress(result_.scanned_bytes, total_);
    }
    return stopped_;
}

// Up to the limit, or its page.
std::size_t Scan::within_limit(std::size_t words) const {
    return std::min<std::uint64_t>(words, std::max(budget_.limit - result_.scanned_bytes, page) / 8);
}

ScanResult Scan::run() {
    OrderedWork<Block> work{{[this](Block& block) { return begin(block); }, [this](Block& block) { read(block); },
                             [this](const Block& block) { take(block); }}};
    enter();
    work.run(total_ >= worth_a_thread && std::thread::hardware_concurrency() > 1);
    if (at_.range < ranges_.size()) {
        result_.unscanned_bytes += ranges_[at_.range].end - at_.address;
        leave();
    }
    for (std::size_t i = at_.range + 1; i < ranges_.size(); ++i)
        result_.unscanned_bytes += ranges_[i].end - ranges_[i].start;
    return std::move(result_);
}

} // namespace

ScanResult scan_for_frames(const CodeAddresses& code, const ProcessMemory& memory, std::span<const MemoryRange> ranges,
                           const ScanBudget& budget) {
    return Scan{code, memory, ranges, budget}.run();
}

} // namespace tasks::inspect
