// Wakes a page up: everything here only makes easier what links and forms do without it.
import "/static/menus.js";
import "/static/keys.js";
import "/static/lists.js";
import "/static/composer.js";
import "/static/editor.js";
import { follow } from "/static/follow.js";
import { signInOver } from "/static/session.js";

follow(document.body.dataset.live);
signInOver();
