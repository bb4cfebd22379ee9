import "../dom.js";
