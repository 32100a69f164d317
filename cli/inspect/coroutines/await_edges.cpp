#include "coroutines/await_edges.hpp"

#include <algorithm>

namespace tasks::inspect {

namespace {

constexpr std::uint32_t none = AwaitEdge::none;
constexpr int longest_way = 1000;
constexpr std::uint32_t largest_counter = 96; // of cppcoro and of libunifex, with room to spare

class Edges {
public:
    explicit Edges(std::span<const FrameNode> nodes) : nodes_(nodes), found_(nodes.size()) {}

    std::vector<AwaitEdge> run() {
        nest();
        for (std::uint32_t i = 0; i < nodes_.size(); ++i)
            await(i);
        break_cycles();
        for (std::uint32_t i = 0; i < nodes_.size(); ++i)
            hold(i);
        return std::move(found_);
    }

private:
    bool points_to(std::uint32_t from, std::uint32_t to) const;
    bool resumes_its_frame(const FrameEdge& edge) const;
    void await(std::uint32_t number);
    void await_mutual(std::uint32_t number);
    void await_around(std::uint32_t number);
    void break_cycles();
    void break_cycle(std::uint32_t at);
    void nest();
    void hold(std::uint32_t number);
    bool leads_to(std::uint32_t from, std::uint32_t to) const;

    std::span<const FrameNode> nodes_;
    std::vector<AwaitEdge> found_;
};

// Outside its promise, if that is known.
bool Edges::points_to(std::uint32_t from, std::uint32_t to) const {
    const FrameNode& node = nodes_[from];
    return std::any_of(node.edges.begin(), node.edges.end(), [&](const FrameEdge& edge) {
        return edge.frame == to && edge.to != FrameEdge::To::inside && !node.in_promise(edge.offset);
    });
}

// Whether something in a frame that a promise points to, a counter of when_all(), has that frame's own handle.
bool Edges::resumes_its_frame(const FrameEdge& edge) const {
    const FrameNode& other = nodes_[edge.frame];
    return edge.at >= other.promise_end &&
           std::any_of(other.selves.begin(), other.selves.end(),
                       [&](std::uint32_t self) { return self >= edge.at && self - edge.at < largest_counter; });
}

// The word of a promise that points to a frame. Of several the one whose frame points back, else the first.
void Edges::await(std::uint32_t number) {
    const FrameNode& node = nodes_[number];
    if (node.finished) // nothing will be resumed by it
        return;
    if (node.promise_end == 0)
        return await_mutual(number);
    const FrameEdge* chosen = nullptr;
    const FrameEdge* indirect = nullptr;
    bool chosen_is_mutual = false;
    bool others = false;
    for (const FrameEdge& edge : node.edges) {
        if (!node.in_promise(edge.offset) || nodes_[edge.frame].finished)
            continue;
        if (edge.to == FrameEdge::To::inside) {
            if (indirect == nullptr && resumes_its_frame(edge))
                indirect = &edge;
            continue;
        }
        others = others || (chosen != nullptr && chosen->frame != edge.frame);
        const bool mutual = points_to(edge.frame, number);
        if (chosen == nullptr || (mutual && !chosen_is_mutual)) {
            chosen = &edge;
            chosen_is_mutual = mutual;
        }
    }
    if (chosen == nullptr)
        chosen = indirect;
    if (chosen != nullptr) {
        found_[number].awaited_by = chosen->frame;
        found_[number].inferred = chosen == indirect || ((others || node.promise_is_guess) && !chosen_is_mutual);
    }
}

// Of two frames that point to each other, the one whose pointer lies lower awaits nobody's end but is awaited: promises
// come first.
void Edges::await_mutual(std::uint32_t number) {
    for (const FrameEdge& edge : nodes_[number].edges) {
        if (edge.to == FrameEdge::To::inside || nodes_[edge.frame].finished)
            continue;
        const auto& back = nodes_[edge.frame].edges;
        const bool lower = std::any_of(back.begin(), back.end(), [&](const FrameEdge& other) {
            return other.frame == number && other.to != FrameEdge::To::inside && edge.offset < other.offset;
        });
        if (lower) {
            found_[number].awaited_by = edge.frame;
            return;
        }
    }
    if (found_[number].inside != none)
        await_around(number);
}

// A frame that lies in another one is not pointed to: its first pointer to what is around it, or before it there.
void Edges::await_around(std::uint32_t number) {
    const auto outer = found_[number].inside;
    for (const FrameEdge& edge : nodes_[number].edges)
        if (edge.to != FrameEdge::To::inside && edge.frame < number && edge.frame >= outer) {
            found_[number].awaited_by = edge.frame;
            return;
        }
}

// Asio's entry frame has the top of its stack in its promise: the frame that it awaits, not one that awaits it. Nothing
// else of the awaited frame's points back to it.
void Edges::break_cycle(std::uint32_t at) {
    std::uint32_t frame = at;
    do {
        const auto parent = found_[frame].awaited_by;
        if (!points_to(parent, frame)) {
            found_[frame].awaited_by = none;
            return;
        }
        frame = parent;
    } while (frame != at);
    found_[at].awaited_by = none;
}

void Edges::break_cycles() {
    enum : std::uint8_t { unseen, on_path, done };
    std::vector<std::uint8_t> state(nodes_.size(), unseen);
    std::vector<std::uint32_t> path;
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
        path.clear();
        std::uint32_t at = i;
        for (; at != none && state[at] == unseen; at = found_[at].awaited_by) {
            state[at] = on_path;
            path.push_back(at);
        }
        if (at != none && state[at] == on_path)
            break_cycle(at);
        for (const std::uint32_t seen : path)
            state[seen] = done;
    }
}

// Frames that lie in another one's. What is left of an old one may stick out of it, and reach into the next.
void Edges::nest() {
    std::vector<std::uint32_t> around;
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].own_chunk)
            around.clear();
        while (!around.empty() && nodes_[i].address >= nodes_[around.back()].end())
            around.pop_back();
        const bool fits = !nodes_[i].elided || !nodes_[i].firm_size ||
                          (!around.empty() && nodes_[i].end() <= nodes_[around.back()].end());
        if (!around.empty() && fits)
            found_[i].inside = found_[i].held_by = around.back();
        if (nodes_[i].firm_size && fits)
            around.push_back(i);
    }
}

// Along who awaits or holds whom; also true where that way is too long to be followed.
bool Edges::leads_to(std::uint32_t from, std::uint32_t to) const {
    for (int steps = 0; steps < longest_way; ++steps) {
        if (from == to)
            return true;
        const AwaitEdge& edge = found_[from];
        from = edge.awaited_by != none ? edge.awaited_by : edge.held_by;
        if (from == none)
            return false;
    }
    return true;
}

void Edges::hold(std::uint32_t number) {
    const FrameNode& node = nodes_[number];
    for (const FrameEdge& edge : node.edges) {
        AwaitEdge& held = found_[edge.frame];
        if (edge.to != FrameEdge::To::inside && !node.in_promise(edge.offset) && held.held_by == none &&
            held.awaited_by == none && !leads_to(number, edge.frame))
            held.held_by = number;
    }
}

} // namespace

std::vector<AwaitEdge> await_edges(std::span<const FrameNode> nodes) { return Edges{nodes}.run(); }

} // namespace tasks::inspect
