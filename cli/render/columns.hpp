// Rows of cells in columns as wide as their widest cell, two blanks apart; nothing follows the last cell of a row.
// Cells are cleaned text. One thread at a time.
#pragma once

#include <string>
#include <vector>

#include "render/colour.hpp"
#include "render/render.hpp"

namespace tasks::render {

enum class Align { left, right };

struct Column {
    std::string title;
    Align align = Align::left;
    std::size_t least_width = 0;
};

class Columns {
public:
    explicit Columns(std::vector<Column> columns);

    struct Row {
        std::vector<std::string> cells;
        bool alarm = false; ///< to be seen first
    };

    void add(Row row);

    void write(const Colour& colour, Sink& sink) const;

private:
    std::string line(const std::vector<std::string>& cells) const;

    std::vector<Column> columns_;
    std::vector<std::size_t> widths_;
    std::vector<Row> rows_;
};

} // namespace tasks::render
